//! What a runtime is given so that it reports.

use std::ffi::OsString;

/// Nothing of it, where it cannot be given without taking something from the user.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Attached {
    /// Arguments, before all others.
    pub(crate) arguments: Vec<OsString>,
    /// Variables.
    pub(crate) variables: Vec<(&'static str, OsString)>,
}
