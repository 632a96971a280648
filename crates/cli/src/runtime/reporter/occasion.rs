//! For whom a reporter is attached.

use std::ffi::OsString;
use std::path::Path;

/// One launch of an agent's program, as far as its reporter has to know.
#[derive(Clone, Copy)]
pub(crate) struct Occasion<'a> {
    /// Where the reporter's file lies, absolute; of one without a file, its directory.
    pub(crate) file: &'a Path,
    /// The user's own arguments.
    pub(crate) further: &'a [OsString],
    /// The environment that the runtime inherits.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
}
