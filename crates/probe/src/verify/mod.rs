//! Whether to trust the fleet: a named table of checks over a snapshot and its observation.
//!
//! Every check says what was seen, and what to do if it did not pass. That something could not be
//! looked at is `unknown`, and no pass. `active (exited)` is no evidence of anything.

mod check;
mod facts;
mod of_agent;
mod runtime_program;
mod scope;
mod table;
mod verification;
mod words;

pub use check::{Check, CheckName, Status};
pub use facts::Facts;
pub(crate) use facts::KnownFacts;
pub use scope::Scope;
pub(crate) use table::passed;
pub use table::verify;
pub use verification::Verification;

#[cfg(test)]
mod tests;
