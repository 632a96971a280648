//! What an agent says of itself: `<agent>.state`, beside its heartbeat.
//!
//! It is the third clock, the agent's own; it never makes an agent alive.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use rustix::fd::AsFd;
use rustix::fs::CWD;
use rustix::path::Arg;

use crate::key_values::KeyValues;
use crate::moment::{Moment, Uptime};
use crate::reader::read_text;
use crate::{Activity, MalformedHeartbeat, Saying, UnreadableHeartbeat};

/// One report of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityReport {
    /// Since when it is so, by the wall clock.
    pub since: Timestamp,
    /// When it was said last, by the clocks of the kernel.
    pub said: Option<Uptime>,
    /// What it does.
    pub activity: Activity,
    /// For what it waits, or what blocks it.
    pub reason: Option<String>,
    /// The model that it uses.
    pub model: Option<String>,
    /// What it works on.
    pub task: Option<String>,
    /// The message that it took last.
    pub message_id: Option<String>,
}

/// Who says the same all the time need not be written down each time.
const ENOUGH: Duration = Duration::from_millis(200);

impl ActivityReport {
    /// The report that comes of what is said now, after the one before; `None` if that one says it, and has just
    /// been said.
    #[must_use]
    pub fn after(before: Option<&Self>, saying: Saying, now: Moment) -> Option<Self> {
        let boot = |uptime: Option<Uptime>| uptime.map(|uptime| uptime.boot);
        // Of another boot nothing is true any more.
        let before = before.filter(|before| boot(before.said) == boot(now.uptime));
        let kept = |said: Option<String>, before: Option<&String>| match said {
            Some(said) => Some(line(&said)).filter(|said| !said.is_empty()),
            None => before.cloned(),
        };
        let Saying { activity, reason, model, task, message_id } = saying;
        let reason = reason.map(|reason| line(&reason)).filter(|reason| !reason.is_empty());
        let is_same = |before: &&Self| before.activity == activity && before.reason == reason;
        // Who has nothing to do has no task either.
        let task_before = before.filter(|_| activity != Activity::Idle).and_then(|before| before.task.as_ref());
        let report = Self {
            since: before.filter(is_same).map_or(now.wall, |before| before.since),
            said: now.uptime,
            activity,
            model: kept(model, before.and_then(|before| before.model.as_ref())),
            task: kept(task, task_before),
            message_id: kept(message_id, before.and_then(|before| before.message_id.as_ref())),
            reason,
        };
        let is_news = before.is_none_or(|before| {
            let age = now.uptime.zip(before.said).map(|(now, said)| now.since_boot.saturating_sub(said.since_boot));
            age.is_none_or(|age| age >= ENOUGH) || *before != Self { said: before.said, ..report.clone() }
        });
        is_news.then_some(report)
    }
}

/// One line, as long as one that a person reads: what a program tells may be anything.
fn line(text: &str) -> String {
    const LONGEST: usize = 200;
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The file's text.
impl fmt::Display for ActivityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ts={:.3}", self.since)?;
        if let Some(Uptime { boot, monotonic, since_boot }) = self.said {
            let seconds = |time: Duration| format!("{}.{:03}", time.as_secs(), time.subsec_millis());
            write!(f, "boot={boot}\nmono={}\nboottime={}\n", seconds(monotonic), seconds(since_boot))?;
        }
        writeln!(f, "activity={}", self.activity)?;
        let said =
            [("reason", &self.reason), ("model", &self.model), ("task", &self.task), ("message_id", &self.message_id)];
        for (key, value) in said {
            if let Some(value) = value {
                writeln!(f, "{key}={value}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for ActivityReport {
    type Err = MalformedHeartbeat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.ends_with('\n') {
            return Err(MalformedHeartbeat::CutShort);
        }
        let lines = KeyValues(text);
        let said = |key| Ok(lines.find(key)?.filter(|value| !value.is_empty()).map(str::to_owned));
        Ok(Self {
            since: lines.with("ts", |value| value.parse::<Timestamp>().ok())?,
            said: uptime(&lines)?,
            activity: lines
                .with("activity", |value| Activity::ALL.into_iter().find(|activity| activity.as_str() == value))?,
            reason: said("reason")?,
            model: said("model")?,
            task: said("task")?,
            message_id: said("message_id")?,
        })
    }
}

/// Somebody else's writer may not know them all: then none is taken.
fn uptime(lines: &KeyValues<'_>) -> Result<Option<Uptime>, MalformedHeartbeat> {
    let seconds = |key| Ok(lines.find(key)?.and_then(|value| Duration::try_from_secs_f64(value.parse().ok()?).ok()));
    let boot = lines.find("boot")?.and_then(|boot| boot.parse().ok());
    let (monotonic, since_boot) = (seconds("mono")?, seconds("boottime")?);
    Ok(boot.zip(monotonic.zip(since_boot)).map(|(boot, (monotonic, since_boot))| Uptime {
        boot,
        monotonic,
        since_boot,
    }))
}

/// Reads a report; `None` if the agent made none.
///
/// # Errors
/// There is one that cannot be understood.
pub fn read_activity(path: &Path) -> Result<Option<ActivityReport>, UnreadableHeartbeat> {
    read_activity_in(CWD, path)
}

/// The same, of a file below a directory.
///
/// # Errors
/// As [`read_activity`].
pub fn read_activity_in(directory: impl AsFd, file: impl Arg) -> Result<Option<ActivityReport>, UnreadableHeartbeat> {
    match read_text(directory, file)? {
        Some(text) => Ok(Some(text.parse()?)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
