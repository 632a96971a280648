//! `mosaic RUNTIME`: starts an agent's program by hand, in this terminal.

use std::ffi::OsString;

use mosaic_domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::runtime::{self, Manner};

/// Becomes a runtime: its name, and its arguments.
///
/// # Errors
/// There is no such runtime, or it cannot be run.
pub(crate) fn run(words: &[OsString], context: &Context) -> Result<ExitCode, CommandError> {
    // The grammar lets nothing else here than a name and what follows.
    let (name, arguments) =
        words.split_first().map_or(("".into(), words), |(name, rest)| (name.to_string_lossy(), rest));
    runtime::run(context, &name, Manner::Attended, arguments)
}
