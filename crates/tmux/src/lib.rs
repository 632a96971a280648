//! The only code that runs tmux: one server, addressed by its socket, never the default one by
//! accident, every call with a deadline.
//!
//! What tmux's quirks demand is in here, so that callers need not know them: targets are exact
//! (`=name:`, `%4`; a bare name is a prefix match), every call has `-u` (without a UTF-8 locale
//! tabs in formats become `_`) and `-N` (no server is started in passing). Deciding what to do
//! about what was seen does not belong here.

mod attachment;
mod control_client;
mod control_line;
mod error;
mod fleet_options;
mod follower;
mod holder;
mod pane;
mod pane_id;
mod pane_sight;
mod pane_target;
mod screens;
mod server;
mod server_panes;
mod session;
mod typist;
mod version;

pub use attachment::Watching;
pub use control_client::Bind;
pub use error::TmuxError;
pub use fleet_options::FLEET_OPTIONS;
pub use follower::{Follower, Heard, Shown};
pub use holder::Holder;
pub use pane::Pane;
pub use pane_id::{InvalidPaneId, PaneId};
pub use pane_sight::PaneSight;
pub use pane_target::{FoundPane, InvalidPaneTarget, PaneTarget};
pub use server::{Server, find_program};
pub use server_panes::{ServerPanes, SessionPane};
pub use session::{Created, NewSession, StartServer};
pub use typist::{Guarded, Seen, Typist};
pub use version::Version;
