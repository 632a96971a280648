//! What the events of runtimes say of an agent: one file a runtime, each a pure table from an event, as the runtime
//! words it, to a report.
//!
//! What makes a runtime tell its events is `crate::runtime::reporter`; what is done with a report does not belong
//! here.

pub(crate) mod claude;
pub(crate) mod codex;
#[cfg(test)]
mod recorded;
mod report;
mod short;

pub(crate) use report::Report;
use short::short;
