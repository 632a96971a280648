//! Panes that cannot take a message: the refusal names the reason, and nothing is typed.

use crate::delivery::site::{Agent, Sending, Sent, Site};
use crate::delivery::test_program;
use mosaic_harness::{LogFile, SmallDisk, is_root_or_skip};

/// Sends a message that must be refused for this reason: no pane changes, and no program receives a key.
fn assert_refused(site: &Site, agent: &str, reason: &str) -> Sent {
    let state = || {
        let panes = site.fleet.tmux(&["list-panes", "-a", "-F", "#{session_name}"]).stdout;
        let sessions = String::from_utf8(panes).unwrap();
        sessions
            .lines()
            .map(|session| (site.screen(session), test_program::received(site, session)))
            .collect::<Vec<_>>()
    };
    let before = state();
    let sent = site.send(&[agent, "--message", "not now"]);
    assert_eq!((sent.exit_code, sent.outcome()), (Some(1), format!("refused {reason}")), "{sent:?}");
    assert_eq!(state(), before);
    sent
}

#[test]
fn a_draft_in_a_composer_is_kept() {
    let draft = "half a  thought, and then / ; \\";
    let site = test_program::site(&["tui0"], "tui", &format!("--draft '{draft}'"));
    site.wait_screen("tui0", "half a");
    assert_refused(&site, "tui0", "draft");
    site.tmux(&["send-keys", "-t", "=tui0:", "Enter"]);
    assert_eq!(test_program::wait_received(&site, "tui0", 1), [draft]);
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now"]).outcome(), "accepted");
    assert_eq!(test_program::received(&site, "tui0"), [draft, "now"]);
}

#[test]
fn a_half_typed_shell_command_is_kept() {
    let site = Site::with_agents(&[Agent::new("sh0", "shell", "unused")]);
    let log = LogFile::new(site.fleet.root().join("sh0.log"));
    drop(log.create());
    site.open_session("sh0", "PS1='$ ' exec bash --norc --noprofile -i");
    site.wait_screen("sh0", "$");
    let draft = "echo \"half  a 'thought'\" >>../sh0.log";
    site.tmux(&["send-keys", "-t", "=sh0:", "-l", draft]);
    site.wait_screen("sh0", draft);
    assert_refused(&site, "sh0", "draft");
    site.tmux(&["send-keys", "-t", "=sh0:", "Enter"]);
    assert_eq!(log.wait_lines(1), ["half  a 'thought'"]);
}

#[test]
fn a_message_is_not_typed_if_the_disk_is_full() {
    if !is_root_or_skip("a file system to fill") {
        return;
    }
    let site = test_program::site(&["tui0"], "tui", "");
    let disk = SmallDisk::mount(&site.fleet.mosaic_home().join("fleet/outbox"));
    site.wait_screen("tui0", "test-tui");
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "before"]).outcome(), "accepted");
    let before = site.screen("tui0");
    disk.fill();
    let sent = site.send(&["tui0", "--message", "not now"]);
    assert_eq!((sent.exit_code, sent.receipts.len()), (Some(74), 0), "{sent:?}");
    assert!(sent.stderr.contains("No space left on device") && sent.stderr.contains("fleet/outbox"), "{sent:?}");
    assert_eq!(site.screen("tui0"), before);
    disk.free();
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now"]).outcome(), "accepted");
    assert_eq!(test_program::received(&site, "tui0"), ["before", "now"]);
}

#[test]
fn copy_mode_is_not_disturbed() {
    let site = test_program::site(&["tui0"], "tui", "");
    site.wait_screen("tui0", "test-tui");
    site.tmux(&["copy-mode", "-t", "=tui0:"]);
    assert_refused(&site, "tui0", "in-mode");
    assert_eq!(site.tmux(&["display-message", "-p", "-t", "=tui0:", "#{pane_in_mode}"]).trim(), "1");
    site.tmux(&["send-keys", "-t", "=tui0:", "-X", "cancel"]);
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now"]).outcome(), "accepted");
    assert_eq!(test_program::received(&site, "tui0"), ["now"], "the refused message must not arrive");
}

#[test]
fn a_waiting_message_is_typed_when_copy_mode_ends() {
    let site = test_program::site(&["tui0"], "tui", "");
    site.wait_screen("tui0", "test-tui");
    site.tmux(&["copy-mode", "-t", "=tui0:"]);
    // tmux writes a line after each capture of the pane; after the third, the sender is known to wait.
    let captures = LogFile::new(site.fleet.root().join("captures"));
    drop(captures.create());
    let note = format!("run-shell 'echo capture >>{}'", site.fleet.root().join("captures").display());
    site.tmux(&["set-hook", "-g", "after-capture-pane", &note]);
    let words = ["tui0", "--no-preamble", "--message", "at last", "--wait", "30"];
    let sending = Sending::begin(&mut site.send_command(&words));
    let _ = captures.wait_lines(3);
    site.tmux(&["set-hook", "-gu", "after-capture-pane"]);
    assert_eq!(test_program::received(&site, "tui0"), [""; 0]);
    site.tmux(&["send-keys", "-t", "=tui0:", "-X", "cancel"]);
    assert_eq!(sending.finish().outcome(), "accepted");
    assert_eq!(test_program::received(&site, "tui0"), ["at last"]);
}

#[test]
fn a_message_does_not_answer_a_dialog() {
    let site = test_program::site(&["tui0"], "tui", "--dialog-until FILE");
    site.wait_screen("tui0", "Do you want to proceed?");
    let sent = assert_refused(&site, "tui0", "dialog");
    assert!(sent.receipts[0]["reason"].as_str().unwrap().contains("permission"), "{sent:?}");
    test_program::release(&site);
    site.wait_screen("tui0", "test-tui");
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now"]).outcome(), "accepted");
    assert_eq!(test_program::received(&site, "tui0"), ["now"]);
}

#[test]
fn send_waits_for_a_loading_program() {
    let site = test_program::site(&["tui0"], "tui", "--no-composer-until FILE");
    site.wait_screen("tui0", "loading");
    let sent = site.send(&["tui0", "--message", "too early", "--wait", "1"]);
    assert_eq!(sent.outcome(), "refused no-composer", "{sent:?}");
    test_program::release(&site);
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now", "--wait", "30"]).outcome(), "accepted");
    assert_eq!(test_program::received(&site, "tui0"), ["now"]);
}

#[test]
fn a_session_with_a_longer_name_is_not_the_agents() {
    let site = Site::with_agents(&[Agent::new("a1", "tui", "unused"), Agent::new("a10", "tui", "unused")]);
    site.write_profile("tui", test_program::PROFILE);
    test_program::open(&site, "a10", "");
    site.wait_screen("a10", "test-tui");
    assert_refused(&site, "a1", "no-session");
    assert_eq!(test_program::received(&site, "a10"), [""; 0]);
}

#[test]
fn send_starts_no_tmux_server() {
    let site = Site::with_agents(&[Agent::new("a1", "tui", "unused")]);
    assert_refused(&site, "a1", "no-session");
    assert_eq!(site.fleet.processes(), Vec::<u32>::new());
}

#[test]
fn send_keeps_window_sizes() {
    let site = test_program::site(&["a1", "a2"], "tui", "");
    let sizes =
        || site.tmux(&["list-panes", "-a", "-F", "#{window_width}x#{window_height} #{pane_width}x#{pane_height}"]);
    site.tmux(&["resize-window", "-t", "=a2:", "-x", "133", "-y", "41"]);
    site.wait_screen("a2", "test-tui");
    site.wait_screen("a2", &"─".repeat(133));
    let before = sizes();
    let sent = site.send(&["a1", "a2", "--no-preamble", "--message", "hello"]);
    assert_eq!(sent.exit_code, Some(0), "{sent:?}");
    assert_eq!(sizes(), before);
}

#[test]
fn nothing_is_typed_into_a_dead_pane() {
    let site = test_program::site(&["tui0", "tui1"], "tui", "");
    site.wait_screen("tui0", "test-tui");
    site.wait_screen("tui1", "test-tui");
    site.tmux(&["send-keys", "-t", "=tui0:", "C-d"]);
    site.wait_pane_dead("tui0");
    let server = site.server_pid();
    assert_refused(&site, "tui0", "dead");
    assert_eq!(site.server_pid(), server);
}

#[test]
fn a_foreign_process_in_the_agents_pane_gets_no_message() {
    let site = Site::with_agents(&[Agent::new("tui0", "tui", "unused")]);
    site.write_profile("tui", test_program::PROFILE);
    drop(test_program::log(&site, "tui0").create());
    site.fleet.launch("tui0").command(site.fleet.agent_command("tui0")).succeed();
    let agent = site.fleet.pane("tui0");
    // It outlives its pane, so that the sidecar still watches it.
    agent.ignore_termination();
    let other = test_program::command(&site, "tui0", "");
    site.tmux(&["respawn-pane", "-k", "-t", "=tui0:", &other]);
    site.wait_screen("tui0", "test-tui");
    assert_refused(&site, "tui0", "another-process");
    assert!(!agent.process().is_dead(), "the agent must outlive its pane for this test");
}
