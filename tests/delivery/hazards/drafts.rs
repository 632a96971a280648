use super::assert_refused;
use crate::program;
use crate::site::{Agent, Site};
use mosaic_harness::LogFile;

#[test]
fn a_half_written_message_in_a_composer_stays_as_it_is() {
    let draft = "half a  thought, and then / ; \\";
    let site = program::site(&["tui0"], "tui", &format!("--draft '{draft}'"));
    site.wait_screen("tui0", "half a");
    assert_refused(&site, "tui0", "draft");
    site.tmux(&["send-keys", "-t", "=tui0:", "Enter"]);
    assert_eq!(program::wait_taken(&site, "tui0", 1), [draft]);
    assert_eq!(site.send(&["tui0", "--no-preamble", "--message", "now"]).outcome(), "accepted");
    assert_eq!(program::taken(&site, "tui0"), [draft, "now"]);
}

#[test]
fn a_half_typed_command_in_a_shell_stays_as_it_is() {
    let site = Site::of(&[Agent::new("sh0", "shell", "unused")]);
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
