//! The real pi works with the model server.

use mosaic_harness::{Deadline, Fleet, ModelServer, Pi};

#[test]
fn a_message_pasted_into_pi_reaches_the_model() {
    let Some(pi) = Pi::installed_or_skip() else { return };
    let (fleet, server) = (Fleet::new(), ModelServer::start());
    pi.configure(&fleet, &server);
    let started = fleet.tmux_server(&["new-session", "-d", "-x", "100", "-y", "30", "-s", "pi", &pi.command()]);
    assert!(started.status.success(), "{started:?}");
    let deadline = Deadline::default();
    loop {
        let screen = fleet.tmux(&["capture-pane", "-p", "-t", "=pi:"]);
        let screen = String::from_utf8_lossy(&screen.stdout).into_owned();
        if screen.contains("stub-1") {
            break;
        }
        assert!(!deadline.passed(), "pi never showed its model: {screen}");
    }
    let turns = ["one\n\ntwo", "again", "again"];
    for (before, turn) in turns.into_iter().enumerate() {
        assert!(fleet.tmux(&["set-buffer", "-b", "x", turn]).status.success());
        assert!(fleet.tmux(&["paste-buffer", "-p", "-r", "-b", "x", "-t", "=pi:"]).status.success());
        assert!(fleet.tmux(&["send-keys", "-t", "=pi:", "Enter"]).status.success());
        assert_eq!(server.wait_user_turns(before + 1), turns[..=before]);
    }
}
