//! The programs that agents are, and how each is run.
//!
//! A profile is a row of the table of known runtimes, `compose` makes a command of a row and of
//! what was asked for, purely; a launch is that command, which this process becomes. Sessions,
//! units and heartbeats do not belong here: a pane runs `mosaic yolo codex`, and that is `codex` a
//! moment later.

mod asked;
mod compose;
mod error;
mod launch;
mod manner;
mod profile;
mod prompt;
mod prompt_form;
mod reporter;
mod run;
mod search;
mod skills;

pub(crate) use error::RuntimeError;
pub(crate) use manner::Manner;
pub(crate) use run::run;
