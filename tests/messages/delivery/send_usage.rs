//! Usage errors: the message names the mistake, and nothing is sent.

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

fn assert_usage_error(site: &Site, sent: &Sent, text: &str) {
    assert_eq!((sent.exit_code, sent.receipts.len()), (Some(64), 0), "{sent:?}");
    assert!(sent.stderr.contains(text), "{text:?}: {sent:?}");
    for agent in ["coder0", "coder1"] {
        assert_eq!(test_program::received(site, agent), [""; 0], "{sent:?}");
        assert!(crate::delivery::record_watch::records(site, agent).is_empty(), "{sent:?}");
    }
}

#[test]
fn an_unknown_agent_refuses_the_message_for_all_and_names_the_nearest() {
    let site = site();
    let sent = site.send(&["coder0", "codr1", "--message", "hello"]);
    assert_usage_error(&site, &sent, "did you mean coder1");
}

#[test]
fn a_class_without_agents_is_a_usage_error() {
    let site = site();
    assert_usage_error(&site, &site.send(&["--class", "reviewer", "--message", "hello"]), "reviewer");
}

#[test]
fn empty_and_non_utf8_messages_are_usage_errors() {
    let site = site();
    for empty in ["", " \n\t\n"] {
        assert_usage_error(&site, &site.send_text(&["coder0"], empty.as_bytes()), "empty");
        assert_usage_error(&site, &site.send(&["coder0", "--message", empty]), "empty");
    }
    assert_usage_error(&site, &site.send_text(&["coder0", "-"], b"caf\xe9"), "byte 4 (0xe9)");
}

#[test]
fn conflicting_sources_and_recipients_are_usage_errors() {
    let site = site();
    let file = site.fleet.root().join("text");
    std::fs::write(&file, "from the file").unwrap();
    let file = file.to_str().unwrap();
    assert_usage_error(&site, &site.send(&["coder0", "--message", "hello", "--file", file]), "--file");
    assert_usage_error(&site, &site.send(&["coder0", "--all", "--message", "hello"]), "--all");
    assert_usage_error(&site, &site.send(&["--message", "hello"]), "agent");
}
