//! Whom a message is for.

use domain::{AgentName, ProcessIdentity};
use tmux::PaneTarget;

use runtimes::Profile;

/// An agent, or a pane of no roster.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Under this name its messages are kept.
    pub name: AgentName,
    /// Its pane.
    pub target: PaneTarget,
    /// How its program looks.
    pub profile: Profile,
    /// The process that is watched as the agent, if one is.
    pub watched: Option<ProcessIdentity>,
}
