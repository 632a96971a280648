//! How each runtime is made to say what it does: by its own means (hooks, an extension, a plugin), given by the
//! launch alone, so that the user's own configuration is neither read nor written.
//!
//! One file a runtime says what it is given; [`attach()`] decides whether, and [`ReporterFile`] puts what it loads
//! where it finds it. What an event means is told by `crate::reporting`, or by the extension itself.

mod attach;
mod attached;
mod claude;
mod codex;
mod occasion;
mod opencode;
mod opencode_ready;
mod pi;
mod reporter_file;

pub(crate) use attach::attach;
pub(super) use attached::Attached;
pub(super) use occasion::Occasion;
pub(super) use reporter_file::ReporterFile;

pub(super) use claude::CLAUDE;
pub(super) use codex::CODEX;
pub(super) use opencode::OPENCODE;
pub(super) use pi::PI;

/// The means of one runtime.
#[derive(Debug)]
pub(crate) struct Reporter {
    /// What it loads, if it loads anything.
    pub(super) file: Option<ReporterFile>,
    /// What makes it load that, or report without.
    pub(super) attach: fn(&Occasion<'_>) -> Attached,
}
