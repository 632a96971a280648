//! What makes codex report.

use super::{Attached, Occasion, Reporter};

pub(crate) const CODEX: Reporter = Reporter { file: None, attach };

fn attach(_: &Occasion<'_>) -> Attached {
    Attached::default()
}
