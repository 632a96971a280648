//! Repetitions of one measurement, their statistics and units.

use serde::{Deserialize, Serialize};

/// The measured values, one for each repetition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// The statistics of the samples; `None` if there are none.
    pub(crate) fn spread(&self) -> Option<Spread> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).max(1) - 1).copied();
        let middle = rank(50)?;
        let median =
            if sorted.len().is_multiple_of(2) { f64::midpoint(middle, sorted[sorted.len() / 2]) } else { middle };
        Some(Spread { median, min: sorted[0], p99: rank(99)?, max: rank(100)?, repetitions: sorted.len() })
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        Self(samples.into_iter().collect())
    }
}

/// The statistics of repeated measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    pub(crate) repetitions: usize,
}

/// The unit of a row's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnitOfMeasure {
    Milliseconds,
    Kilobytes,
    Count,
}

impl UnitOfMeasure {
    /// Formats a value with its unit and three significant digits.
    pub(crate) fn text(self, number: f64) -> String {
        match self {
            Self::Milliseconds if number >= 999.5 => format!("{} s", digits(number / 1000.0)),
            Self::Milliseconds => format!("{} ms", digits(number)),
            Self::Kilobytes => format!("{number:.0} kB"),
            Self::Count => {
                let digits = digits(number);
                let whole = digits.split_once('.').filter(|(_, fraction)| fraction.bytes().all(|digit| digit == b'0'));
                whole.map_or(digits.clone(), |(whole, _)| whole.to_owned())
            }
        }
    }
}

fn digits(number: f64) -> String {
    match number {
        99.95.. => format!("{number:.0}"),
        9.995.. => format!("{number:.1}"),
        0.9995.. => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;
    use super::UnitOfMeasure::{self, Count, Kilobytes, Milliseconds};

    #[test]
    fn spread_has_nearest_rank_percentiles() {
        assert_eq!(Samples::default().spread(), None);
        let of = |samples: &[f64]| samples.iter().copied().collect::<Samples>().spread().unwrap();
        let one = of(&[7.0]);
        assert_eq!((one.median, one.min, one.p99, one.max, one.repetitions), (7.0, 7.0, 7.0, 7.0, 1));
        let (odd, even) = (of(&[4.0, 1.0, 3.0]), of(&[4.0, 1.0, 3.0, 2.0]));
        assert_eq!((odd.median, even.median), (3.0, 2.5));
        let hundred: Samples = (1..=100).rev().map(f64::from).collect();
        let hundred = hundred.spread().unwrap();
        assert_eq!((hundred.min, hundred.median, hundred.p99, hundred.max), (1.0, 50.5, 99.0, 100.0));
    }

    #[test]
    fn values_have_three_significant_digits() {
        let table: [(UnitOfMeasure, f64, &str); 8] = [
            (Milliseconds, 0.0907, "0.091 ms"),
            (Milliseconds, 3.456, "3.46 ms"),
            (Milliseconds, 34.56, "34.6 ms"),
            (Milliseconds, 37_500.0, "37.5 s"),
            (Kilobytes, 3236.4, "3236 kB"),
            (Count, 6.0, "6"),
            (Count, 0.0, "0"),
            (Count, 300.0, "300"),
        ];
        for (unit, number, expected) in table {
            assert_eq!(unit.text(number), expected);
        }
    }
}
