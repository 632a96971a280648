//! One contestant's side of a row.

use crate::samples::Samples;
use crate::spread::Spread;
use serde::{Deserialize, Serialize};

/// What came out for one contestant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Cell {
    Measured(Spread),
    /// Nothing that could be measured, for this reason.
    Said(String),
}

impl Cell {
    pub(crate) fn said(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }

    pub(crate) fn spread(&self) -> Option<&Spread> {
        match self {
            Self::Measured(spread) => Some(spread),
            Self::Said(_) => None,
        }
    }
}

impl From<Samples> for Cell {
    fn from(samples: Samples) -> Self {
        samples.spread().map_or_else(|| Self::said("-"), Self::Measured)
    }
}
