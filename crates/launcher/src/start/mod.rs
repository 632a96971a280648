//! `start-agent-session`: from a command line and an environment to a watched agent.
//!
//! | step | file | kind |
//! |---|---|---|
//! | parse the command line and the environment | `start_arguments.rs`, [`LaunchSettings`](crate::LaunchSettings) | pure |
//! | wait before an automatic restart, record a failed start | `restart_delay.rs` | a pure decision, acts |
//! | decide the next step from what was observed | `start_plan.rs` | pure |
//! | observe, and execute the step | `start_execute.rs` | acts |
//! | make or adopt the session | `session_setup.rs` | acts |
//! | compose the environment of the agent's command | `pane_environment.rs` | pure |
//! | become the sidecar, or spawn it | `sidecar_launcher.rs` | acts |
//! | report the result, as text or as JSON | `start_output.rs` | acts |

mod pane_environment;
mod restart_delay;
mod session_setup;
mod sidecar_launcher;
mod start_arguments;
mod start_error;
mod start_execute;
mod start_output;
mod start_plan;

pub use pane_environment::exec_spec;
pub use start_arguments::{Arguments, OutputFormat};
pub use start_error::StartError;
pub use start_execute::run;
pub use start_output::StartOutput;
