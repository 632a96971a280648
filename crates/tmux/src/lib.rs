//! Running tmux. This is the only crate that does.
//!
//! Every call goes to one server, which is addressed by its socket and never the default one, and has a deadline.
//! The crate hides tmux's quirks from its callers: targets are exact (`=name:`, `%4`), because tmux matches a
//! bare name as a prefix; every call has `-u`, because without a UTF-8 locale tabs in formats become `_`, and
//! `-N`, because tmux would otherwise start a server. What follows from an answer is for the caller to decide.

mod control_client;
mod pane;
mod pane_capture;
mod pane_guard;
mod pane_input;
mod server;
mod server_record;
mod server_socket;
mod session;
mod session_clients;
mod session_list;
mod tab_stops;
mod tmux_error;

pub use control_client::BindCommand;
pub use pane::{InvalidPaneId, InvalidPaneTarget, Pane, PaneId, PaneTarget, ResolvedPane};
pub use pane_capture::CapturedPane;
pub use pane_guard::PaneGuard;
pub use pane_input::{InputOutcome, InputResult, PaneInput};
pub use server::{InvalidVersion, Server, Version, find_tmux};
pub use server_record::ServerRecord;
pub use server_socket::{SocketError, SocketState, reopen_socket, server_at, server_of_process, socket_listener};
pub use session::{FLEET_OPTIONS, HolderStart, NewSession, SessionCreation, StartServer};
pub use session_clients::{OutputFollower, PaneContents, PaneEvent, WatchClient};
pub use session_list::{SessionList, SessionPane};
pub use tmux_error::TmuxError;
