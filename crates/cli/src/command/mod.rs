//! The commands: one file each, with the command's arguments and what it does.

pub(crate) mod agent;
mod completions;
pub(crate) mod fleet;
mod man;
pub(crate) mod runtime;
mod yolo;

pub(crate) use completions::Completions;
pub(crate) use man::Man;
pub(crate) use yolo::Yolo;
