//! How long ago something was: a `<time>` that the page counts on by itself.

use jiff::Timestamp;
use maud::{Markup, html};

/// Writes moments, with their age or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ages {
    /// As they are now: the page has them also where no script runs.
    At(Timestamp),
    /// Left out: the script fills them in, and what only grew older is no change.
    ByThePage,
}

impl Ages {
    /// The age of a moment in RFC 3339; nothing of one that cannot be read.
    pub(crate) fn of(self, then: Option<&str>) -> Option<Markup> {
        let then: Timestamp = then?.parse().ok()?;
        // Nobody reads fractions of a second, and they would be most of the page.
        let then = Timestamp::from_second(then.as_second()).ok()?;
        Some(html! { time datetime=(then) { @if let Self::At(now) = self { (age(then, now)) } } })
    }
}

fn age(then: Timestamp, now: Timestamp) -> String {
    // A moment in the future was just now.
    span(u64::try_from(now.as_second() - then.as_second()).unwrap_or(0))
}

/// `45s`, `12m`, `2h05m`, `4d03h`: a page that is looked at all day does not count seconds beside minutes.
pub(crate) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m"),
        3600..86400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ages, span};

    #[test]
    fn times_have_two_units_at_most() {
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
    fn a_moment_says_when_and_how_long_ago_and_nonsense_says_nothing() {
        let now = "2026-11-20T14:58:08Z".parse().unwrap();
        let written = |ages: Ages, then| ages.of(then).map(|markup| markup.0);
        let then = Some("2026-11-20T15:57:56.712+01:00");
        assert_eq!(written(Ages::At(now), then).unwrap(), "<time datetime=\"2026-11-20T14:57:56Z\">12s</time>");
        assert_eq!(written(Ages::ByThePage, then).unwrap(), "<time datetime=\"2026-11-20T14:57:56Z\"></time>");
        let future = Some("2026-11-20T15:00:00Z");
        assert_eq!(written(Ages::At(now), future).unwrap(), "<time datetime=\"2026-11-20T15:00:00Z\">0s</time>");
        assert_eq!(written(Ages::At(now), Some("yesterday")), None);
        assert_eq!(written(Ages::At(now), None), None);
    }
}
