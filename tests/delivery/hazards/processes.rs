use super::assert_refused;
use crate::program;
use crate::site::{Agent, Site};

#[test]
fn to_a_dead_pane_nothing_is_typed_and_the_server_lives() {
    let site = program::site(&["tui0", "tui1"], "tui", "");
    site.wait_screen("tui0", "test-tui");
    site.wait_screen("tui1", "test-tui");
    site.tmux(&["send-keys", "-t", "=tui0:", "C-d"]);
    site.wait_screen("tui0", "Pane is dead");
    let server = site.server_pid();
    assert_refused(&site, "tui0", "dead");
    assert_eq!(site.server_pid(), server);
}

#[test]
fn what_somebody_has_put_into_an_agents_pane_is_not_taken_for_the_agent() {
    let site = Site::of(&[Agent::new("tui0", "tui", "unused")]);
    site.write_profile("tui", program::PROFILE);
    drop(program::log(&site, "tui0").create());
    site.fleet.launch("tui0").command(site.fleet.agent_command("tui0")).succeed();
    let agent = site.fleet.pane("tui0");
    // It outlives its pane, so it is still the one that is watched.
    agent.ignore_termination();
    let other = program::command(&site, "tui0", "");
    site.tmux(&["respawn-pane", "-k", "-t", "=tui0:", &other]);
    site.wait_screen("tui0", "test-tui");
    assert_refused(&site, "tui0", "another-process");
    assert!(!agent.process().is_dead(), "then this test would show nothing");
}
