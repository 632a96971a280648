//! What stands in a message's way: it is told by name, and nothing is typed.

mod drafts;
mod full_disk;
mod modes;
mod neighbours;
mod processes;

use crate::program;
use crate::sent::Sent;
use crate::site::Site;

/// Sends a message that must not arrive: it is refused for this reason, and no pane shows anything else
/// than before, nor has any program got a key.
fn assert_refused(site: &Site, agent: &str, why: &str) -> Sent {
    let look = || {
        let panes = site.fleet.tmux(&["list-panes", "-a", "-F", "#{session_name}"]).stdout;
        let sessions = String::from_utf8(panes).unwrap();
        sessions.lines().map(|session| (site.screen(session), program::taken(site, session))).collect::<Vec<_>>()
    };
    let before = look();
    let sent = site.send(&[agent, "--message", "not now"]);
    assert_eq!((sent.exit_code, sent.outcome()), (Some(1), format!("refused {why}")), "{sent:?}");
    assert_eq!(look(), before);
    sent
}
