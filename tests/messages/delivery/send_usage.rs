//! What makes no sense is told, and nobody is sent anything.

use crate::delivery::site::Sent;
use crate::delivery::site::Site;
use crate::delivery::test_program;

fn site() -> Site {
    let site = test_program::site(&["coder0", "coder1"], "tui", "");
    for agent in ["coder0", "coder1"] {
        site.wait_screen(agent, "test-tui");
    }
    site
}

fn assert_told(site: &Site, sent: &Sent, what: &str) {
    assert_eq!((sent.exit_code, sent.receipts.len()), (Some(64), 0), "{sent:?}");
    assert!(sent.stderr.contains(what), "{what:?}: {sent:?}");
    for agent in ["coder0", "coder1"] {
        assert_eq!(test_program::taken(site, agent), [""; 0], "{sent:?}");
        assert!(crate::delivery::record_watch::records(site, agent).is_empty(), "{sent:?}");
    }
}

#[test]
fn an_agent_that_there_is_not_keeps_the_message_from_all_and_the_nearest_is_named() {
    let site = site();
    let sent = site.send(&["coder0", "codr1", "--message", "hello"]);
    assert_told(&site, &sent, "did you mean coder1");
}

#[test]
fn a_class_that_nobody_has_is_told() {
    let site = site();
    assert_told(&site, &site.send(&["--class", "reviewer", "--message", "hello"]), "reviewer");
}

#[test]
fn nothing_and_what_is_no_text_are_no_messages() {
    let site = site();
    for empty in ["", " \n\t\n"] {
        assert_told(&site, &site.send_text(&["coder0"], empty.as_bytes()), "empty");
        assert_told(&site, &site.send(&["coder0", "--message", empty]), "empty");
    }
    assert_told(&site, &site.send_text(&["coder0", "-"], b"caf\xe9"), "byte 4 (0xe9)");
}

#[test]
fn a_text_comes_from_one_place() {
    let site = site();
    let file = site.fleet.root().join("text");
    std::fs::write(&file, "from the file").unwrap();
    let file = file.to_str().unwrap();
    assert_told(&site, &site.send(&["coder0", "--message", "hello", "--file", file]), "--file");
    assert_told(&site, &site.send(&["coder0", "--all", "--message", "hello"]), "--all");
    assert_told(&site, &site.send(&["--message", "hello"]), "agent");
}
