//! One line of the table.

use crate::bound::Bound;
use crate::cell::Cell;
use crate::unit_of_measure::UnitOfMeasure;
use serde::{Deserialize, Serialize};

/// One figure of both contestants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) unit: UnitOfMeasure,
    pub(crate) bash: Cell,
    pub(crate) rust: Cell,
    pub(crate) bound: Bound,
    /// How it was measured, in a sentence.
    pub(crate) how: String,
}

impl Row {
    /// Rust's median as a part of bash's.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let bash = self.bash.spread()?.median;
        Some(self.rust.spread()?.median / bash).filter(|ratio| ratio.is_finite())
    }

    pub(crate) fn met(&self) -> Option<bool> {
        self.bound.met(&self.bash, &self.rust)
    }

    /// It promises something, and that could not be judged.
    pub(crate) fn is_unjudged(&self) -> bool {
        self.bound != Bound::Free && self.met().is_none()
    }
}
