use super::assert_refused;
use crate::program;
use crate::site::{Agent, Site};

#[test]
fn a_session_whose_name_goes_on_is_not_the_agents() {
    let site = Site::of(&[Agent::new("a1", "tui", "unused"), Agent::new("a10", "tui", "unused")]);
    site.write_profile("tui", program::PROFILE);
    program::open(&site, "a10", "");
    site.wait_screen("a10", "test-tui");
    assert_refused(&site, "a1", "no-session");
    assert_eq!(program::taken(&site, "a10"), [""; 0]);
}

#[test]
fn where_no_tmux_runs_none_is_started() {
    let site = Site::of(&[Agent::new("a1", "tui", "unused")]);
    assert_refused(&site, "a1", "no-session");
    assert_eq!(site.fleet.processes(), Vec::<u32>::new());
}

#[test]
fn the_windows_of_the_agents_keep_their_size() {
    let site = program::site(&["a1", "a2"], "tui", "");
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
