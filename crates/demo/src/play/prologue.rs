//! What is told before it begins.

use std::io;

use crate::agent_kind::AgentKind;
use crate::fleet::{Home, Means, VICTIM};
use crate::view::Screen;

/// Says what there is to see, who starts the agents and why, and how to look in.
pub(super) fn tell(screen: &mut Screen, kind: AgentKind, means: &Means, home: &Home, in_tmux: bool) -> io::Result<()> {
    screen.say("Mosaic Fleet: three agents, each in a tmux session of its own.")?;
    screen.say(&match kind {
        AgentKind::StandIn => "Agents:  stand-ins that print made-up work; no AI, no account, no network.".to_owned(),
        real => format!("Agents:  {}, with your account; the demo sends it nothing.", real.name()),
    })?;
    screen.say(&match means {
        Means::Manager(_) => {
            "Started: by your systemd user manager, as mosaic-demo-agent@.service; what dies is started again.".to_owned()
        }
        Means::Direct { why } => {
            format!("Started: directly by start-agent-session, because no user manager answers ({why}); what dies is not started again.")
        }
    })?;
    screen.say(&format!("Look in on {VICTIM} from another terminal (Ctrl-B, then D, leaves again):"))?;
    // The quotes are for zsh; the variable, for a terminal that is in some tmux itself.
    let outside = if in_tmux { "TMUX= " } else { "" };
    screen.say_whole(&format!("  {outside}tmux -S {} attach -t '={VICTIM}:'", home.socket().display()))
}
