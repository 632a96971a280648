//! Starts, stops and restarts agents: through the systemd user manager, or directly where none answers.
//!
//! ```text
//! LifecycleExecutor::run
//!   select    the scope's agents, and for a stop of all also those that the roster no longer lists
//!   repair    the socket of a tmux server that runs without it   server_socket
//!   observe   unit states, sidecar locks and tmux sessions       unmanaged
//!   plan      one AgentPlan per agent                            agent_plan, pure
//!   check     what a start needs, before anything is stopped     start_requirements
//!   execute   one job per unit                                   managed
//!             or the launcher and signals                        direct, unmanaged
//!   record    the agents that were stopped on request            stop_records
//! ```
//!
//! Each [`ActionReport`] goes to the caller's [`Reporter`] as soon as its agent is done. Nothing here
//! prints or chooses an exit code.
//!
//! A user manager that exists but does not answer is an error. Starting the agent directly in that case
//! would create an agent that systemd does not know about.

mod action;
mod agent_plan;
mod direct;
mod executor;
mod fleet_context;
mod managed;
mod parallel;
mod relaunch;
mod server_socket;
mod start_requirements;
mod stop_records;
mod unmanaged;

pub use action::{
    ActionFailure, ActionReport, FailureKind, LifecycleAction, LifecycleEvent, Outcome, Reporter, Scope, Subject,
};
pub use executor::{LifecycleError, LifecycleExecutor};
pub use fleet_context::{Environment, FleetContext, ObserveError};
pub use relaunch::{RESTART_TIMEOUT, UP_TIMEOUT, relaunch, wait_until_up};
pub use unmanaged::sessions_by_hand;
