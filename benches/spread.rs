//! Many repetitions in five numbers.

use serde::{Deserialize, Serialize};

/// How repetitions of one measurement came out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    pub(crate) repetitions: usize,
}
