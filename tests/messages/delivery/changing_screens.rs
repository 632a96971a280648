//! What was seen of a pane is looked at again by the tmux server when a key is pressed, so that a message does not answer a
//! question that appears between the look and the key.

use crate::delivery::site::Site;
use mosaic_harness::Deadline;
use mosaic_tmux::{InputOutcome, PaneGuard, PaneTarget, ResolvedPane, Server};
use std::time::Duration;

/// The server and the pane of `k0`, whose program prints a line for each line that it reads.
fn pane(site: &Site) -> (Server, ResolvedPane) {
    site.open_session("k0", "printf 'one, two '; read -r line; printf 'Sure? '; read -r line; sleep 100");
    site.wait_screen("k0", "one, two");
    let path = site.tmux(&["display-message", "-p", "#{socket_path}"]);
    let tmux = mosaic_tmux::find_tmux(Some(std::ffi::OsStr::new("/usr/local/bin:/usr/bin:/bin"))).unwrap();
    let server = Server::new(tmux, site.fleet.tmux_socket().parse().unwrap()).at(path.trim().into());
    let pane = server.find_pane(&"=k0:".parse::<PaneTarget>().unwrap()).unwrap().unwrap();
    (server, pane)
}

#[test]
fn keys_are_not_pressed_once_the_screen_is_another_one() {
    let site = Site::with_agents(&[]);
    let (server, pane) = pane(&site);
    let (pid, typist) = (pane.pid.unwrap(), server.pane_input(pane.id, 0));
    let before = typist.capture(Duration::ZERO).unwrap().unwrap();
    let (shown, unchanged) = (PaneGuard::new(pid).showing("one, two"), PaneGuard::new(pid).with_cursor_of(&before));
    let press = |guard: &PaneGuard, key: &str| typist.send_keys_if(guard, [key], Duration::ZERO).unwrap().0;
    assert_eq!(press(&PaneGuard::new(pid).showing("one; three"), "x"), InputOutcome::Rejected);
    assert_eq!(press(&unchanged, "y"), InputOutcome::Typed);
    assert_eq!(press(&shown, "Enter"), InputOutcome::Typed);
    let deadline = Deadline::default();
    while !site.screen("k0").contains("Sure?") {
        assert!(!deadline.passed(), "{}", site.screen("k0"));
    }
    assert_eq!(press(&unchanged, "y"), InputOutcome::Rejected);
    assert_eq!(press(&PaneGuard::new(pid).showing("Sure?"), "n"), InputOutcome::Typed);
    assert!(!site.screen("k0").contains('x'), "{}", site.screen("k0"));
}
