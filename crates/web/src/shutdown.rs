//! How far the end is.

/// What the server is asked to do, over a channel that says the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shutdown {
    /// Serve.
    #[default]
    Running,
    /// Take no more requests, finish those that are being answered, end streams.
    Drain,
    /// Let everything fall.
    Abort,
}
