//! What numbers count, and how they read.

use serde::{Deserialize, Serialize};

/// The unit of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UnitOfMeasure {
    Milliseconds,
    Kilobytes,
    Count,
}

impl UnitOfMeasure {
    /// With three digits that mean something, and never in a smaller unit than can be measured.
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
    use super::UnitOfMeasure::{self, Count, Kilobytes, Milliseconds};

    #[test]
    fn numbers_read_like_measurements() {
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
