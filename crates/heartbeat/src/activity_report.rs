//! The activity report: what an agent reports about itself, in `<agent>.state` beside its heartbeat.
//!
//! A report says whether the agent makes progress. It never makes an agent count as alive.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, BootId};
use rustix::fd::AsFd;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::path::Arg;

use crate::heartbeat_file::read_text;
use crate::key_value_lines::KeyValueLines;
use crate::{MalformedHeartbeat, RunDirectory, UnreadableHeartbeat};

/// What an agent reports to be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activity {
    /// The agent works.
    Working,
    /// The agent waits for a person.
    Waiting,
    /// The agent has nothing to do.
    Idle,
    /// The agent cannot continue, and an answer from a person would not help.
    Blocked,
}

impl Activity {
    /// All values, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Working, Self::Waiting, Self::Idle, Self::Blocked];

    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Idle => "idle",
            Self::Blocked => "blocked",
        }
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One update from an agent. Fields that are `None` keep their last value, except `reason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityUpdate {
    /// What the agent does.
    pub activity: Activity,
    /// What the agent waits for, or what blocks it.
    pub reason: Option<String>,
    /// The model that the agent uses. An empty string clears this field, and likewise the following ones.
    pub model: Option<String>,
    /// What the agent works on.
    pub task: Option<String>,
    /// The ID of the last message that the agent accepted.
    pub message_id: Option<String>,
}

/// One reading of all clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The wall-clock time, which can be set.
    pub wall: Timestamp,
    /// The kernel's clocks, if they can be read.
    pub uptime: Option<Uptime>,
}

/// One reading of the clocks that cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// The boot within which the times count.
    pub boot: BootId,
    /// The time of `CLOCK_MONOTONIC`, in whole milliseconds.
    pub monotonic: Duration,
    /// The time of `CLOCK_BOOTTIME`, in whole milliseconds. Process start times count on this clock.
    pub since_boot: Duration,
}

/// The report of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityReport {
    /// The wall-clock time at which the activity began.
    pub since: Timestamp,
    /// The time of the last update, if the writer could read the kernel's clocks.
    pub reported_at: Option<Uptime>,
    /// What the agent does.
    pub activity: Activity,
    /// What the agent waits for, or what blocks it.
    pub reason: Option<String>,
    /// The model that the agent uses.
    pub model: Option<String>,
    /// What the agent works on.
    pub task: Option<String>,
    /// The ID of the last message that the agent accepted.
    pub message_id: Option<String>,
}

/// An update that changes nothing is written only when the report is at least this old.
const REFRESH_AFTER: Duration = Duration::from_millis(200);

impl ActivityReport {
    /// The report that results from applying `update` to the report `before`. `None` if it would be the same
    /// and `before` is recent.
    #[must_use]
    pub fn next(before: Option<&Self>, update: ActivityUpdate, now: ClockReading) -> Option<Self> {
        let boot = |uptime: Option<Uptime>| uptime.map(|uptime| uptime.boot);
        // A report of another boot is about a process that no longer exists.
        let before = before.filter(|before| boot(before.reported_at) == boot(now.uptime));
        let merge = |new: Option<String>, before: Option<&String>| match new {
            Some(new) => Some(single_line(&new)).filter(|new| !new.is_empty()),
            None => before.cloned(),
        };
        let ActivityUpdate { activity, reason, model, task, message_id } = update;
        let reason = reason.map(|reason| single_line(&reason)).filter(|reason| !reason.is_empty());
        let is_same = |before: &&Self| before.activity == activity && before.reason == reason;
        // An idle agent has no task.
        let task_before = before.filter(|_| activity != Activity::Idle).and_then(|before| before.task.as_ref());
        let report = Self {
            since: before.filter(is_same).map_or(now.wall, |before| before.since),
            reported_at: now.uptime,
            activity,
            model: merge(model, before.and_then(|before| before.model.as_ref())),
            task: merge(task, task_before),
            message_id: merge(message_id, before.and_then(|before| before.message_id.as_ref())),
            reason,
        };
        let is_due = before.is_none_or(|before| {
            let times = now.uptime.zip(before.reported_at);
            let age = times.map(|(now, before)| now.since_boot.saturating_sub(before.since_boot));
            age.is_none_or(|age| age >= REFRESH_AFTER)
                || *before != Self { reported_at: before.reported_at, ..report.clone() }
        });
        is_due.then_some(report)
    }
}

/// Makes any text a single line of at most 200 characters, without control characters.
fn single_line(text: &str) -> String {
    const MAX_CHARACTERS: usize = 200;
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Writes the text of the file.
impl fmt::Display for ActivityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "ts={:.3}", self.since)?;
        if let Some(Uptime { boot, monotonic, since_boot }) = self.reported_at {
            let seconds = |time: Duration| format!("{}.{:03}", time.as_secs(), time.subsec_millis());
            write!(f, "boot={boot}\nmono={}\nboottime={}\n", seconds(monotonic), seconds(since_boot))?;
        }
        writeln!(f, "activity={}", self.activity)?;
        let optional =
            [("reason", &self.reason), ("model", &self.model), ("task", &self.task), ("message_id", &self.message_id)];
        for (key, value) in optional {
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
        let lines = KeyValueLines::new(text)?;
        let optional = |key| Ok(lines.find(key)?.filter(|value| !value.is_empty()).map(str::to_owned));
        let activity = |value: &str| Activity::ALL.into_iter().find(|activity| activity.as_str() == value);
        Ok(Self {
            since: lines.parse_with("ts", |value| value.parse::<Timestamp>().ok())?,
            reported_at: parse_uptime(&lines)?,
            activity: lines.parse_with("activity", activity)?,
            reason: optional("reason")?,
            model: optional("model")?,
            task: optional("task")?,
            message_id: optional("message_id")?,
        })
    }
}

/// The kernel's clocks. `None` unless all three lines can be parsed, because other writers may omit some.
fn parse_uptime(lines: &KeyValueLines<'_>) -> Result<Option<Uptime>, MalformedHeartbeat> {
    let seconds = |key| Ok(lines.find(key)?.and_then(|value| Duration::try_from_secs_f64(value.parse().ok()?).ok()));
    let boot = lines.find("boot")?.and_then(|boot| boot.parse().ok());
    let (monotonic, since_boot) = (seconds("mono")?, seconds("boottime")?);
    Ok(boot.zip(monotonic.zip(since_boot)).map(|(boot, (monotonic, since_boot))| Uptime {
        boot,
        monotonic,
        since_boot,
    }))
}

/// Reads a report. `None` if the file does not exist.
///
/// # Errors
/// The file exists and cannot be read or parsed.
pub fn read_activity(path: &Path) -> Result<Option<ActivityReport>, UnreadableHeartbeat> {
    read_activity_in(CWD, path)
}

/// Reads a report below an open directory, which is faster for many files.
///
/// # Errors
/// The same as of [`read_activity`].
pub fn read_activity_in(directory: impl AsFd, file: impl Arg) -> Result<Option<ActivityReport>, UnreadableHeartbeat> {
    match read_text(directory, file)? {
        Some(text) => Ok(Some(text.parse()?)),
        None => Ok(None),
    }
}

/// Replaces the report of an agent atomically. Several processes may write at the same time, because each has
/// a staging file of its own; the last rename wins.
///
/// # Errors
/// The file cannot be written, for example because the disk is full or the directory was removed. The old
/// report then stays.
pub fn write_activity(directory: &RunDirectory, agent: &AgentName, report: &ActivityReport) -> io::Result<()> {
    // Named by the PID: a later process with the same PID reuses the file of one that was killed.
    let staging_path = directory.path().join(format!(".{agent}.state.{}", std::process::id()));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = File::from(openat(CWD, &staging_path, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file.write_all(report.to_string().as_bytes());
    drop(file);
    let replaced = written.and_then(|()| fs::rename(&staging_path, directory.activity(agent)));
    if replaced.is_err() {
        let _ = fs::remove_file(&staging_path);
    }
    replaced
}

#[cfg(test)]
mod tests;
