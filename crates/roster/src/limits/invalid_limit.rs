//! A limit that systemd would not take.

/// A text that is not a limit of the kind wanted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not {what}", .given.escape_debug())]
pub struct InvalidLimit {
    pub(super) given: String,
    pub(super) what: &'static str,
}
