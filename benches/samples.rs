//! Repetitions of one measurement.

use crate::spread::Spread;

/// What was measured, once a repetition, of both contestants or of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// `None` if there is none.
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

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn a_spread_is_that_of_the_sorted_samples() {
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
}
