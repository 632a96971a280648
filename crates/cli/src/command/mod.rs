//! The commands. Each module has the arguments of a command, runs it, and prints its result.

pub(crate) mod agent;
mod completions;
mod doctor;
pub(crate) mod fleet;
mod man;
pub(crate) mod runtime;

pub(crate) use completions::Completions;
pub(crate) use doctor::Doctor;
pub(crate) use man::Man;
pub(crate) use runtime::Yolo;
