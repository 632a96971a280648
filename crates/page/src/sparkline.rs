//! The last hour as a line of bars, and in words.

use std::fmt::Write as _;

use jiff::{Timestamp, ToSpan};
use maud::{Markup, html};
use mosaic_probe::snapshot::Condition;

use crate::history::{Hour, MINUTES, Minute, UpCount};

/// Bars stand on this line, or hang from it.
const GROUND: u8 = 11;
/// What is written of an hour that was full of changes.
const TIMES_TOLD: usize = 3;

/// An agent's hour: a bar a minute, high where it printed, below the line where it was down, dots
/// where nobody looked.
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

/// The fleet's hour: how many of all were up, a bar a minute.
pub(crate) fn fleet_sparkline(hour: &Hour<UpCount>, now: Timestamp) -> Markup {
    let bars = steps(|at| {
        let count = hour[at].filter(|count| count.of > 0)?;
        let full = u32::from(GROUND) * u32::from(count.up) / u32::from(count.of);
        Some(GROUND - u8::try_from(full).unwrap_or(GROUND))
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

/// Where a bar ends: the shapes differ, not only the colours.
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

/// Bars that touch are one outline: an agent at work takes a tenth of what a rectangle a minute would.
fn steps(edge: impl Fn(usize) -> Option<u8>) -> Option<String> {
    let mut path = String::new();
    let mut at = 0;
    while at < MINUTES {
        let Some(height) = edge(at) else {
            at += 1;
            continue;
        };
        if at == 0 || edge(at - 1).is_none() {
            let _ = write!(path, "M{at} {GROUND}");
        }
        let length = (at..MINUTES).take_while(|next| edge(*next) == Some(height)).count();
        let _ = write!(path, "V{height}h{length}");
        at += length;
        if at == MINUTES || edge(at).is_none() {
            let _ = write!(path, "V{GROUND}z");
        }
    }
    (!path.is_empty()).then_some(path)
}

fn words(hour: &Hour<Minute>, now: Timestamp) -> String {
    let looked_at = hour.iter().flatten().count();
    if looked_at == 0 {
        return "nobody looked within the last hour".to_owned();
    }
    let up = hour.iter().flatten().filter(|minute| minute.condition == Condition::Up).count();
    let mut told = Vec::new();
    let mut at = 0;
    while at < MINUTES {
        let condition = hour[at].map(|minute| minute.condition);
        let length = hour[at..].iter().take_while(|slot| slot.map(|minute| minute.condition) == condition).count();
        if let Some(condition) = condition.filter(|condition| *condition != Condition::Up) {
            told.push(format!("{condition} {}", when(at, length, now)));
        }
        at += length;
    }
    let mut said = format!("up {up} of {looked_at} minutes looked at");
    // What was last is what matters.
    let untold = told.len().saturating_sub(TIMES_TOLD);
    for time in told.iter().skip(untold) {
        let _ = write!(said, "; {time}");
    }
    if untold > 0 {
        let _ = write!(said, "; and {untold} times before");
    }
    said
}

fn fleet_words(hour: &Hour<UpCount>, now: Timestamp) -> String {
    let counts = hour.iter().enumerate().filter_map(|(at, count)| Some((at, (*count)?)));
    // The last of equals: what was just now is remembered best.
    let worst = counts.clone().max_by_key(|(_, count)| count.of.saturating_sub(count.up));
    match worst {
        None => "nobody looked within the last hour".to_owned(),
        Some((_, count)) if count.up == count.of => {
            format!("the last hour: all up in all of {} minutes looked at", counts.count())
        }
        Some((at, count)) => format!("the last hour: at worst {} of {} up, {}", count.up, count.of, when(at, 1, now)),
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
        format!("{} to {} UTC", clock(at), clock(at + length - 1))
    }
}

#[cfg(test)]
mod tests;
