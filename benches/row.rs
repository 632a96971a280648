//! A row of the table: the values of both launchers and the bound of the product.

use crate::samples::{Samples, Spread, UnitOfMeasure};
use serde::{Deserialize, Serialize};

/// One measured quantity of both launchers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) figure: String,
    pub(crate) unit: UnitOfMeasure,
    pub(crate) bash: Cell,
    pub(crate) rust: Cell,
    pub(crate) bound: Bound,
    /// How it was measured.
    pub(crate) how: String,
}

impl Row {
    /// The product's median divided by that of bash.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let bash = self.bash.spread()?.median;
        Some(self.rust.spread()?.median / bash).filter(|ratio| ratio.is_finite())
    }

    /// Whether the bound is met; `None` without a bound or a measurement.
    pub(crate) fn met(&self) -> Option<bool> {
        self.bound.met(&self.bash, &self.rust)
    }

    /// Whether there is a bound that could not be judged.
    pub(crate) fn is_unjudged(&self) -> bool {
        self.bound != Bound::Free && self.met().is_none()
    }
}

/// The result of one launcher.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Cell {
    Measured(Spread),
    /// A text in place of a measurement, such as the reason why there is none.
    #[serde(rename = "said")]
    Text(String),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn spread(&self) -> Option<&Spread> {
        match self {
            Self::Measured(spread) => Some(spread),
            Self::Text(_) => None,
        }
    }
}

impl From<Samples> for Cell {
    fn from(samples: Samples) -> Self {
        samples.spread().map_or_else(|| Self::text("-"), Self::Measured)
    }
}

/// The upper bound that the product guarantees for a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Bound {
    /// No bound: the row is informative.
    Free,
    /// The median is at most this fraction of the median of bash.
    Ratio(f64),
    /// The median is at most this value.
    AtMost(f64),
    /// Every sample is at most this value.
    EachAtMost(f64),
    /// The 99th percentile is below this value.
    P99Below(f64),
    /// The 99th percentile is at most the first value, and the median is at most the second, as a fraction of the
    /// median of the compared program.
    P99AtMostAndRatio(f64, f64),
}

impl Bound {
    /// Whether the bound is met; `None` without a bound or a measurement.
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
    use super::Cell;
    use crate::samples::Samples;

    #[test]
    fn each_bound_judges_its_own_statistic() {
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
        assert_eq!(Bound::Ratio(1.0).met(&Cell::text("never"), &rust), None);
        assert_eq!(Bound::P99AtMostAndRatio(9.0, 1.0).met(&Cell::text("never"), &rust), None);
        assert_eq!(Bound::P99AtMostAndRatio(8.9, 1.0).met(&Cell::text("never"), &rust), Some(false));
        assert_eq!(Bound::AtMost(1.0).met(&bash, &Cell::text("could not run")), None);
    }
}
