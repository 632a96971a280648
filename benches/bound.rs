//! What the product promises of a figure.

use crate::cell::Cell;
use serde::{Deserialize, Serialize};

/// The promise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Bound {
    /// None: the figure is told for what it is.
    Free,
    /// The median is at most this part of bash's.
    Ratio(f64),
    /// The median is at most this.
    AtMost(f64),
    /// Each one is at most this.
    EachAtMost(f64),
    /// All but one of a hundred are below this.
    P99Below(f64),
    /// All but one of a hundred are at most this, and the median is at most this part of the other's.
    P99AtMostAndRatio(f64, f64),
}

impl Bound {
    /// `None` where there is nothing to judge.
    pub(crate) fn met(self, bash: &Cell, rust: &Cell) -> Option<bool> {
        let rust = rust.spread()?;
        match self {
            Self::Free => None,
            Self::AtMost(most) => Some(rust.median <= most),
            Self::EachAtMost(most) => Some(rust.max <= most),
            Self::P99Below(limit) => Some(rust.p99 < limit),
            Self::P99AtMostAndRatio(limit, _) if rust.p99 > limit => Some(false),
            Self::Ratio(most) | Self::P99AtMostAndRatio(_, most) => Some(rust.median <= bash.spread()?.median * most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bound;
    use crate::cell::Cell;
    use crate::samples::Samples;

    #[test]
    fn each_promise_looks_at_its_own_number() {
        let cell = |samples: [f64; 4]| Cell::from(samples.into_iter().collect::<Samples>());
        let (bash, rust) = (cell([10.0, 20.0, 20.0, 30.0]), cell([1.0, 2.0, 2.0, 9.0]));
        let table = [
            (Bound::Free, None),
            (Bound::Ratio(0.1), Some(true)),
            (Bound::Ratio(0.09), Some(false)),
            (Bound::AtMost(2.0), Some(true)),
            (Bound::EachAtMost(2.0), Some(false)),
            (Bound::P99Below(9.0), Some(false)),
            (Bound::P99Below(9.1), Some(true)),
            (Bound::P99AtMostAndRatio(9.0, 0.1), Some(true)),
            (Bound::P99AtMostAndRatio(8.9, 0.1), Some(false)),
            (Bound::P99AtMostAndRatio(9.0, 0.09), Some(false)),
        ];
        for (bound, expected) in table {
            assert_eq!(bound.met(&bash, &rust), expected, "{bound:?}");
        }
        assert_eq!(Bound::Ratio(1.0).met(&Cell::said("never"), &rust), None);
        assert_eq!(Bound::P99AtMostAndRatio(9.0, 1.0).met(&Cell::said("never"), &rust), None);
        assert_eq!(Bound::P99AtMostAndRatio(8.9, 1.0).met(&Cell::said("never"), &rust), Some(false));
        assert_eq!(Bound::AtMost(1.0).met(&bash, &Cell::said("could not run")), None);
    }
}
