//! Shells and other programs that read lines: what is typed into them, and what the receipt claims.

use crate::delivery::site::{Agent, Sending, Site};
use mosaic_harness::{Deadline, LogFile};

const BASH: &str = "PS1='$ ' exec bash --norc --noprofile -i";

#[test]
fn a_shell_of_any_runtime_runs_no_preamble() {
    // The second roster calls its shell like an unknown program.
    for runtime in ["bash", "worker"] {
        let site = Site::with_agents(&[Agent::new("sh0", runtime, "unused")]);
        let log = LogFile::new(site.fleet.root().join("log"));
        drop(log.create());
        let home = site.fleet.home().join("empty");
        std::fs::create_dir(&home).unwrap();
        site.open_session("sh0", &format!("cd '{}' && {BASH}", home.display()));
        site.wait_screen("sh0", "$");
        let command = format!("echo hi >>'{}'", site.fleet.root().join("log").display());
        let sent = site.send(&["sh0", "--message", &command]);
        assert_eq!(sent.outcome(), "accepted", "{runtime}: {sent:?}\n{}", site.screen("sh0"));
        assert_eq!(log.wait_lines(1), ["hi"], "{runtime}");
        let made: Vec<_> = std::fs::read_dir(&home).unwrap().flatten().map(|file| file.file_name()).collect();
        assert!(made.is_empty(), "{runtime}: the preamble was run as a command: {made:?}");
    }
}

#[test]
fn a_shell_below_the_frame_of_an_ended_program_gets_nothing() {
    let site = Site::with_agents(&[Agent::new("k0", "tui", "unused")]);
    site.write_profile("tui", crate::delivery::test_program::PROFILE);
    let border = "─".repeat(80);
    site.open_session("k0", &format!("printf '%s\\n\\n%s\\n' {border} {border}; {BASH}"));
    site.wait_screen("k0", "$");
    let sent = site.send(&["k0", "--message", "touch it", "--wait", "1"]);
    assert_eq!(sent.outcome(), "refused no-composer", "{sent:?}\n{}", site.screen("k0"));
}

/// Sends to a pane outside the roster, as the older tools do.
fn send_to_pane(site: &Site, name: &str, words: &[&str]) -> crate::delivery::site::Sent {
    let target = format!("={name}:");
    let pane = ["--tmux-socket", site.fleet.tmux_socket(), "--tmux-target", &target];
    Sending::begin(&mut site.send_command(&[&pane, words].concat())).finish()
}

#[test]
fn a_program_without_a_prompt_is_typed_into_for_the_older_tools_alone() {
    let site = Site::with_agents(&[]);
    let file = site.fleet.root().join("typed");
    site.open_session("notes", &format!("exec cat >'{}'", file.display()));
    let text = ["--no-preamble", "--message", "one\ntwo", "--wait", "1"];
    let sent = send_to_pane(&site, "notes", &text);
    assert_eq!(sent.outcome(), "refused no-composer", "{sent:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "");
    let sent = send_to_pane(&site, "notes", &[&text[..], &["--without-prompt"]].concat());
    assert_eq!((sent.exit_code, sent.outcome()), (Some(2), "unconfirmed no-prompt".to_owned()), "{sent:?}");
    let deadline = Deadline::default();
    while std::fs::read_to_string(&file).unwrap() != "one\ntwo\n" {
        assert!(!deadline.passed(), "{:?}", std::fs::read_to_string(&file));
    }
}
