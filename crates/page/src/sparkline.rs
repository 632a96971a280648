//! The charts of the last hour, as SVG and in words.

use std::fmt::Write as _;

use jiff::{Timestamp, ToSpan};
use maud::{Markup, html};
use mosaic_probe::snapshot::Condition;

use crate::history::{Hour, MINUTES, Minute, UpCount};

/// The vertical position of the base line, from which bars extend up or down.
const BASE_LINE: u8 = 11;
/// The number of periods that the words mention.
const MAX_PERIODS: usize = 3;

/// The chart of an agent, with one bar per minute: high if it printed output, below the base line if it was down, and
/// dots for minutes without an observation.
pub(crate) fn sparkline(hour: &Hour<Minute>, now: Timestamp) -> Markup {
    html! {
        svg.hour viewBox="0 0 60 18" role="img" {
            title { (words(hour, now)) }
            @if let Some(gaps) = gaps(hour) { path.gap d=(gaps) {} }
            @for condition in Condition::ALL {
                @if let Some(bars) = bars(hour, condition) { path class=(condition.as_str()) d=(bars) {} }
            }
        }
    }
}

/// The chart of the fleet, with one bar per minute for the share of agents that were up.
pub(crate) fn fleet_sparkline(hour: &Hour<UpCount>, now: Timestamp) -> Markup {
    let bars = steps(|at| {
        let count = hour[at].filter(|count| count.of > 0)?;
        let full = u32::from(BASE_LINE) * u32::from(count.up) / u32::from(count.of);
        Some(BASE_LINE - u8::try_from(full).unwrap_or(BASE_LINE))
    });
    html! {
        svg.hour.fleet viewBox="0 0 60 18" role="img" {
            title { (fleet_words(hour, now)) }
            @if let Some(gaps) = gaps(hour) { path.gap d=(gaps) {} }
            @if let Some(bars) = bars { path.up d=(bars) {} }
        }
    }
}

fn bars(hour: &Hour<Minute>, condition: Condition) -> Option<String> {
    steps(|at| hour[at].filter(|minute| minute.condition == condition).map(edge))
}

/// The end of a bar. The conditions differ by shape, not only by color.
fn edge(minute: Minute) -> u8 {
    match (minute.condition, minute.printed) {
        (Condition::Dead | Condition::Missing, _) => 18,
        (Condition::Unknown, _) => 9,
        (_, true) => 1,
        (_, false) => 6,
    }
}

fn gaps<T>(hour: &Hour<T>) -> Option<String> {
    let mut path = String::new();
    let mut at = 0;
    while at < MINUTES {
        let length = hour[at..].iter().take_while(|slot| slot.is_none()).count();
        if length > 0 {
            let _ = write!(path, "M{at} 10.5h{length}");
        }
        at += length.max(1);
    }
    (!path.is_empty()).then_some(path)
}

/// The outline of all bars. Adjacent bars share one outline, which is a tenth as long as one rectangle per minute.
fn steps(edge: impl Fn(usize) -> Option<u8>) -> Option<String> {
    let mut path = String::new();
    let mut at = 0;
    while at < MINUTES {
        let Some(height) = edge(at) else {
            at += 1;
            continue;
        };
        if at == 0 || edge(at - 1).is_none() {
            let _ = write!(path, "M{at} {BASE_LINE}");
        }
        let length = (at..MINUTES).take_while(|next| edge(*next) == Some(height)).count();
        let _ = write!(path, "V{height}h{length}");
        at += length;
        if at == MINUTES || edge(at).is_none() {
            let _ = write!(path, "V{BASE_LINE}z");
        }
    }
    (!path.is_empty()).then_some(path)
}

/// The hour of an agent in words.
fn words(hour: &Hour<Minute>, now: Timestamp) -> String {
    let observed = hour.iter().flatten().count();
    if observed == 0 {
        return "no observations in the last hour".to_owned();
    }
    let up = hour.iter().flatten().filter(|minute| minute.condition == Condition::Up).count();
    let mut periods = Vec::new();
    let mut at = 0;
    while at < MINUTES {
        let condition = hour[at].map(|minute| minute.condition);
        let length = hour[at..].iter().take_while(|slot| slot.map(|minute| minute.condition) == condition).count();
        if let Some(condition) = condition.filter(|condition| *condition != Condition::Up) {
            periods.push(format!("{condition} {}", when(at, length, now)));
        }
        at += length;
    }
    let minutes = if observed == 1 { "minute" } else { "minutes" };
    let mut words = format!("up in {up} of {observed} observed {minutes}");
    // The latest periods matter most.
    let omitted = periods.len().saturating_sub(MAX_PERIODS);
    for period in periods.iter().skip(omitted) {
        let _ = write!(words, "; {period}");
    }
    match omitted {
        0 => {}
        1 => words.push_str("; and 1 earlier period"),
        _ => drop(write!(words, "; and {omitted} earlier periods")),
    }
    words
}

/// The hour of the fleet in words: its worst minute.
fn fleet_words(hour: &Hour<UpCount>, now: Timestamp) -> String {
    let counts = hour.iter().enumerate().filter_map(|(at, count)| Some((at, (*count)?)));
    // Of equal minutes, the latest is mentioned.
    let worst = counts.clone().max_by_key(|(_, count)| count.of.saturating_sub(count.up));
    match worst {
        None => "no observations in the last hour".to_owned(),
        Some((_, count)) if count.up == count.of => match counts.count() {
            1 => "all agents up in the one observed minute of the last hour".to_owned(),
            minutes => format!("all agents up in all {minutes} observed minutes of the last hour"),
        },
        Some((at, count)) => {
            format!("in the last hour, at worst {} of {} agents up {}", count.up, count.of, when(at, 1, now))
        }
    }
}

fn when(at: usize, length: usize, now: Timestamp) -> String {
    let clock = |at: usize| {
        let back = i64::try_from(MINUTES - 1 - at).unwrap_or(0);
        let time = now.checked_sub(back.minutes()).unwrap_or(now);
        time.strftime("%H:%M").to_string()
    };
    if length == 1 {
        format!("at {} UTC", clock(at))
    } else {
        format!("from {} to {} UTC", clock(at), clock(at + length - 1))
    }
}

#[cfg(test)]
mod tests {
    use mosaic_probe::snapshot::Condition::{self, Dead, Missing, Stale, Unknown, Up};

    use super::{bars, fleet_sparkline, fleet_words, gaps, sparkline, words};
    use crate::history::{Hour, MINUTES, Minute, UpCount};
    use crate::test_fleet::now;

    /// An hour that ends with these slots.
    fn ending<T: Copy>(last: &[Option<T>]) -> Hour<T> {
        std::array::from_fn(|at| (at + last.len()).checked_sub(MINUTES).and_then(|at| last[at]))
    }

    #[expect(clippy::unnecessary_wraps, reason = "a slot of an hour may be a gap")]
    fn seen(condition: Condition, printed: bool) -> Option<Minute> {
        Some(Minute { condition, printed })
    }

    #[test]
    fn bars_differ_by_shape_and_gaps_are_dotted() {
        let hour = ending(&[
            seen(Up, true),
            seen(Up, true),
            seen(Up, false),
            None,
            seen(Dead, true),
            seen(Stale, false),
            seen(Up, true),
        ]);
        assert_eq!(bars(&hour, Up).unwrap(), "M53 11V1h2V6h1V11zM59 11V1h1V11z");
        assert_eq!(bars(&hour, Dead).unwrap(), "M57 11V18h1V11z");
        assert_eq!(bars(&hour, Stale).unwrap(), "M58 11V6h1V11z");
        assert_eq!(bars(&hour, Missing), None);
        assert_eq!(gaps(&hour).unwrap(), "M0 10.5h53M56 10.5h1");
    }

    #[test]
    fn every_path_is_an_element_of_its_own() {
        let drawn = sparkline(&ending(&[seen(Up, true), None, seen(Unknown, false)]), now()).0;
        assert_eq!(drawn.matches("<path").count(), 3);
        assert_eq!(drawn.matches("</path>").count(), 3, "a nested path is not drawn");
        assert!(drawn.contains("<path class=\"unknown\" d=\"M59 11V9h1V11z\">"), "{drawn}");
    }

    #[test]
    fn the_chart_of_an_agent_is_described_in_words() {
        // The time is 12:00.
        let table = [
            (ending(&[]), "no observations in the last hour"),
            (ending(&[seen(Up, false)]), "up in 1 of 1 observed minute"),
            (ending(&[seen(Up, false); 60]), "up in 60 of 60 observed minutes"),
            (
                ending(&[seen(Dead, false), seen(Up, true), seen(Missing, false), seen(Missing, false)]),
                "up in 1 of 4 observed minutes; dead at 11:57 UTC; missing from 11:59 to 12:00 UTC",
            ),
            (
                ending(&[seen(Dead, false), None, seen(Dead, false)]),
                "up in 0 of 2 observed minutes; dead at 11:58 UTC; dead at 12:00 UTC",
            ),
            (
                ending(&[Dead, Up, Dead, Up, Stale, Up, Unknown, Up, Stale, Up].map(|condition| seen(condition, true))),
                "up in 5 of 10 observed minutes; stale at 11:55 UTC; unknown at 11:57 UTC; stale at 11:59 UTC; and 2 \
                 earlier periods",
            ),
        ];
        for (hour, expected) in table {
            assert_eq!(words(&hour, now()), expected);
        }
    }

    #[test]
    fn the_chart_of_the_fleet_is_described_by_its_worst_minute() {
        let count = |up| Some(UpCount { up, of: 4 });
        assert_eq!(fleet_words(&ending(&[]), now()), "no observations in the last hour");
        assert_eq!(
            fleet_words(&ending(&[count(4), count(4)]), now()),
            "all agents up in all 2 observed minutes of the last hour"
        );
        let hour = ending(&[count(4), count(1), None, count(3)]);
        assert_eq!(fleet_words(&hour, now()), "in the last hour, at worst 1 of 4 agents up at 11:58 UTC");
        assert!(fleet_sparkline(&hour, now()).0.contains("d=\"M56 11V0h1V9h1V11zM59 11V3h1V11z\""));
    }
}
