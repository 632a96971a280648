//! What makes pi report.

use super::{Attached, Occasion, Reporter};

pub(crate) const PI: Reporter = Reporter { file: None, attach };

fn attach(_: &Occasion<'_>) -> Attached {
    Attached::default()
}
