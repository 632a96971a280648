//! The values of samples, written exactly and with the fewest digits that can be read back.

use std::fmt::Write;

use jiff::Timestamp;

/// A value of a sample.
pub trait SampleValue {
    /// Appends the value as text.
    fn append_to(self, out: &mut String);
}

/// Milliseconds, which are written as seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Milliseconds(pub(crate) i64);

impl Milliseconds {
    /// The milliseconds since 1970.
    pub(crate) fn from_timestamp(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

impl SampleValue for bool {
    fn append_to(self, out: &mut String) {
        out.push(if self { '1' } else { '0' });
    }
}

impl SampleValue for u64 {
    fn append_to(self, out: &mut String) {
        // Writing into a String cannot fail.
        let _ = write!(out, "{self}");
    }
}

impl SampleValue for f64 {
    fn append_to(self, out: &mut String) {
        if self.is_infinite() {
            out.push_str(if self > 0.0 { "+Inf" } else { "-Inf" });
        } else {
            let _ = write!(out, "{self}");
        }
    }
}

impl SampleValue for Milliseconds {
    fn append_to(self, out: &mut String) {
        if self.0 < 0 {
            out.push('-');
        }
        let (seconds, rest) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        seconds.append_to(out);
        if rest > 0 {
            let _ = write!(out, ".{rest:03}");
            out.truncate(out.trim_end_matches('0').len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Milliseconds, SampleValue};

    fn text(value: impl SampleValue) -> String {
        let mut out = "1000 ".to_owned();
        value.append_to(&mut out);
        out.strip_prefix("1000 ").unwrap().to_owned()
    }

    #[test]
    fn values_are_exact_and_short() {
        assert_eq!([text(true), text(false)], ["1", "0"]);
        assert_eq!([text(0_u64), text(u64::MAX)], ["0", "18446744073709551615"]);
        assert_eq!([text(0.1), text(3.0), text(192.4), text(0.0051)], ["0.1", "3", "192.4", "0.0051"]);
        assert_eq!([text(f64::NAN), text(f64::INFINITY), text(f64::NEG_INFINITY)], ["NaN", "+Inf", "-Inf"]);
    }

    #[test]
    fn milliseconds_are_written_as_seconds() {
        let table = [
            (0, "0"),
            (15_000, "15"),
            (1_500, "1.5"),
            (1_795_186_688_120, "1795186688.12"),
            (1_795_186_688_007, "1795186688.007"),
            (-1, "-0.001"),
            (-90_250, "-90.25"),
            (i64::MIN, "-9223372036854775.808"),
        ];
        for (milliseconds, expected) in table {
            assert_eq!(text(Milliseconds(milliseconds)), expected);
        }
    }

    #[test]
    fn timestamps_become_milliseconds() {
        let table = [
            ("2026-11-20T14:58:08Z", 1_795_186_688_000),
            ("2026-11-20T14:58:08.25Z", 1_795_186_688_250),
            ("2026-11-20T14:58:05+00:00", 1_795_186_685_000),
            ("2026-11-20T15:58:08+01:00", 1_795_186_688_000),
        ];
        for (text, expected) in table {
            assert_eq!(Milliseconds::from_timestamp(text.parse().unwrap()).0, expected, "{text}");
        }
    }
}
