//! What makes claude report.

use super::{Attached, Occasion, Reporter};

pub(crate) const CLAUDE: Reporter = Reporter { file: None, attach };

fn attach(_: &Occasion<'_>) -> Attached {
    Attached::default()
}
