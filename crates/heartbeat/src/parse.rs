//! From a file's text to a heartbeat.

use std::str::FromStr;

use jiff::Timestamp;
use mosaic_domain::decimal_seconds;

use crate::key_values::KeyValues;
use crate::{Binding, Heartbeat, LastExit, Status};

/// A text that is not a heartbeat. It says which line is at fault, never what a caller should
/// assume of the agent: that is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHeartbeat {
    /// The last line has no line feed: the writer did not get to its end.
    #[error("it is cut short: the last line does not end")]
    CutShort,
    /// A line that every heartbeat of its version has is not there.
    #[error("it has no line '{0}='")]
    Missing(&'static str),
    /// A line stands twice.
    #[error("it has more than one line '{0}='")]
    Repeated(&'static str),
    /// A value is not of its line's form.
    #[error("its line '{key}=' says '{}'", .value.escape_debug())]
    Value {
        /// The key of the line.
        key: &'static str,
        /// What stands behind it.
        value: String,
    },
}

impl FromStr for Heartbeat {
    type Err = MalformedHeartbeat;

    /// Reads version 1 (`ts`, `pid`, `status`), version 2, and later ones that only add lines.
    /// Lines with unknown keys, and lines that are not `key=value`, are passed over.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.ends_with('\n') {
            return Err(MalformedHeartbeat::CutShort);
        }
        let lines = KeyValues(text);
        let written_at = lines.with("ts", |value| value.parse::<Timestamp>().ok())?;
        let pid = lines.value("pid")?;
        let status = lines.with("status", |value| Status::ALL.into_iter().find(|status| status.as_str() == value))?;
        let binding = match lines.find("v")? {
            None | Some("1") => None,
            Some(version) if version.parse::<u32>().is_ok_and(|version| version >= 2) => Some(binding(&lines)?),
            Some(other) => return Err(MalformedHeartbeat::Value { key: "v", value: other.to_owned() }),
        };
        Ok(Self { written_at, pid, status, binding })
    }
}

fn binding(lines: &KeyValues<'_>) -> Result<Binding, MalformedHeartbeat> {
    Ok(Binding {
        agent: lines.value("agent")?,
        boot: lines.value("boot")?,
        start_ticks: lines.value("start")?,
        monotonic: lines.with("mono", decimal_seconds)?,
        interval: lines.value("interval")?,
        sequence: lines.value("seq")?,
        sidecar: lines.value("sidecar")?,
        generation: lines.value("gen")?,
        exit: match lines.find("exit")? {
            None => None,
            Some(_) => Some(lines.value("exit")?),
        },
        last_exit: match lines.find("last_exit")? {
            None => None,
            Some(_) => Some(LastExit {
                verdict: lines.value("last_exit")?,
                at: lines.with("last_exit_ts", |value| value.parse::<Timestamp>().ok())?,
            }),
        },
    })
}
