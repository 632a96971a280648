//! Whom a message is for.

use mosaic_domain::{AgentName, ProcessIdentity};
use mosaic_tmux::PaneTarget;

use mosaic_runtimes::Profile;

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
