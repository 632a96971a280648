//! The inputs of every part of the page, and how ages and sizes are displayed.

use jiff::Timestamp;
use maud::{Markup, html};
use mosaic_probe::snapshot::Snapshot;

use crate::History;

/// The inputs of every part of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) snapshot: &'a Snapshot,
    /// Whether `mosaic fleet verify` passes; `None` if it was not checked.
    pub(crate) verified: Option<bool>,
    pub(crate) history: &'a History,
    pub(crate) now: Timestamp,
    pub(crate) ages: Ages,
}

/// How the ages of timestamps are rendered. The script updates the age of every `<time>` element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ages {
    /// With the age at this time, for a browser without scripts.
    At(Timestamp),
    /// Without an age, which the script adds, so that growing older is not a change.
    FilledByScript,
}

impl Ages {
    /// Renders a timestamp as a `<time>` element.
    pub(crate) fn render(self, then: Option<Timestamp>) -> Option<Markup> {
        let then = then?;
        // Fractions of a second would make up most of the page.
        let then = Timestamp::from_second(then.as_second()).ok()?;
        Some(html! { time datetime=(then) { @if let Self::At(now) = self { (age(then, now)) } } })
    }
}

fn age(then: Timestamp, now: Timestamp) -> String {
    // A timestamp in the future has the age zero.
    span(u64::try_from(now.as_second() - then.as_second()).unwrap_or(0))
}

/// Displays a duration with at most two units: `45s`, `12m`, `2h05m`, `4d03h`.
pub(crate) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m"),
        3600..86400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// Displays a size with at most three digits, in powers of 1024 as in `mosaic fleet ps`: `812B`, `3.4K`, `120M`.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["K", "M", "G", "T"];
    if size < 1000 {
        return format!("{size}B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are displayed")]
    let mut scaled = size as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(scaled < 9.95);
    format!("{scaled:.digits$}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::{Ages, bytes, span};

    #[test]
    fn durations_have_at_most_two_units() {
        let table = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h00m"),
            (7500, "2h05m"),
            (86399, "23h59m"),
            (357_000, "4d03h"),
        ];
        for (seconds, expected) in table {
            assert_eq!(span(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn a_timestamp_is_rendered_with_or_without_its_age() {
        let now = "2026-11-20T14:58:08Z".parse().unwrap();
        let written = |ages: Ages, then| ages.render(then).map(|markup| markup.0);
        let then = Some("2026-11-20T15:57:56.712+01:00");
        assert_eq!(written(Ages::At(now), then).unwrap(), "<time datetime=\"2026-11-20T14:57:56Z\">12s</time>");
        assert_eq!(written(Ages::FilledByScript, then).unwrap(), "<time datetime=\"2026-11-20T14:57:56Z\"></time>");
        let future = Some("2026-11-20T15:00:00Z");
        assert_eq!(written(Ages::At(now), future).unwrap(), "<time datetime=\"2026-11-20T15:00:00Z\">0s</time>");
        assert_eq!(written(Ages::At(now), Some("yesterday")), None);
        assert_eq!(written(Ages::At(now), None), None);
    }

    #[test]
    fn sizes_have_at_most_three_digits() {
        let table = [
            (0, "0B"),
            (999, "999B"),
            (1000, "1.0K"),
            (3_500, "3.4K"),
            (1_023_900, "1.0M"),
            (125_829_120, "120M"),
            (1_288_490_188, "1.2G"),
            (u64::MAX, "16777216T"),
        ];
        for (size, expected) in table {
            assert_eq!(bytes(size), expected, "{size}");
        }
    }
}
