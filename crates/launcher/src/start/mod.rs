//! `start-agent-session`: from a command line and an environment to a watched agent.
//!
//! [`Request`] is what is wanted, parsed; `plan` decides the next step from what was seen, and is
//! pure; [`run`] looks and does, and decides nothing. [`pane_orders`] say what the agent's command
//! will find around it.

mod adoption;
mod arguments;
mod creation;
mod error;
mod execute;
mod pane_orders;
mod plan;
mod report;
mod request;
mod search_path;
mod stop_request;
mod successor;

pub use arguments::Arguments;
pub use error::StartError;
pub use execute::run;
pub use pane_orders::pane_orders;
pub use report::report;
pub use request::{Request, RequestError};
