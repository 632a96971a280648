use super::assert_refused;
use crate::program;
use crate::sending::Sending;
use mosaic_harness::LogFile;

#[test]
fn somebody_who_reads_in_copy_mode_is_not_disturbed() {
    let site = program::site(&["tui0"], "tui", "");
    site.wait_screen("tui0", "test-tui");
    site.tmux(&["copy-mode", "-t", "=tui0:"]);
    assert_refused(&site, "tui0", "in-mode");
    assert_eq!(site.tmux(&["display-message", "-p", "-t", "=tui0:", "#{pane_in_mode}"]).trim(), "1");
    site.tmux(&["send-keys", "-t", "=tui0:", "-X", "cancel"]);
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now"]).outcome(), "accepted");
    assert_eq!(program::taken(&site, "tui0"), ["now"], "and nothing of the one before");
}

#[test]
fn a_message_that_may_wait_is_typed_when_copy_mode_is_left() {
    let site = program::site(&["tui0"], "tui", "");
    site.wait_screen("tui0", "test-tui");
    site.tmux(&["copy-mode", "-t", "=tui0:"]);
    // After each look at the pane tmux writes a line; after the third it is known to wait.
    let looks = LogFile::new(site.fleet.root().join("looks"));
    drop(looks.create());
    let note = format!("run-shell 'echo look >>{}'", site.fleet.root().join("looks").display());
    site.tmux(&["set-hook", "-g", "after-capture-pane", &note]);
    let words = ["tui0", "--no-preamble", "--message", "at last", "--wait", "30"];
    let patient = Sending::begin(&mut site.send_command(&words));
    let _ = looks.wait_lines(3);
    site.tmux(&["set-hook", "-gu", "after-capture-pane"]);
    assert_eq!(program::taken(&site, "tui0"), [""; 0]);
    site.tmux(&["send-keys", "-t", "=tui0:", "-X", "cancel"]);
    assert_eq!(patient.finish().outcome(), "accepted");
    assert_eq!(program::taken(&site, "tui0"), ["at last"]);
}

#[test]
fn a_dialog_is_not_answered_by_a_message() {
    let site = program::site(&["tui0"], "tui", "--dialog-until FILE");
    site.wait_screen("tui0", "Do you want to proceed?");
    let sent = assert_refused(&site, "tui0", "dialog");
    assert!(sent.receipts[0]["reason"].as_str().unwrap().contains("permission"), "{sent:?}");
    program::release(&site);
    site.wait_screen("tui0", "test-tui");
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now"]).outcome(), "accepted");
    assert_eq!(program::taken(&site, "tui0"), ["now"]);
}

#[test]
fn a_program_that_still_loads_is_waited_for() {
    let site = program::site(&["tui0"], "tui", "--no-composer-until FILE");
    site.wait_screen("tui0", "loading");
    let sent = site.send(&["tui0", "--message", "too early", "--wait", "1"]);
    assert_eq!(sent.outcome(), "refused no-composer", "{sent:?}");
    program::release(&site);
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now", "--wait", "30"]).outcome(), "accepted");
    assert_eq!(program::taken(&site, "tui0"), ["now"]);
}
