//! The process that measures one figure.

use crate::effort::Effort;
use crate::figures::Figure;
use crate::message::Message;
use rustix::process::{getpid, set_child_subreaper};
use std::process::ExitCode;

/// Measures, and tells the supervisor.
pub(crate) fn measure(figure: Figure, effort: Effort) -> ExitCode {
    // Sidecars outlive the launchers that start them and come to this process, which so is told by
    // the kernel what they and their children have cost.
    set_child_subreaper(Some(getpid())).expect("to be a subreaper");
    if let Err(reason) = figure.measure(effort) {
        Message::CouldNotRun(reason).send();
    }
    ExitCode::SUCCESS
}
