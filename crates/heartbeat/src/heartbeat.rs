//! The heartbeat: its fields, its text form, and the parser of that form.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;
use mosaic_domain::{AgentName, BootId, ExitVerdict, HeartbeatInterval, Pid, ProcessIdentity, parse_decimal_seconds};

use crate::MalformedHeartbeat;
use crate::key_value_lines::KeyValueLines;

/// A heartbeat of version 1 or 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The wall-clock time of writing, in whole seconds.
    pub written_at: Timestamp,
    /// The PID of the pane process.
    pub pid: Pid,
    /// The status of the pane process.
    pub status: Status,
    /// The fields of version 2. The files of the bash launcher have only the three fields above.
    pub binding: Option<Binding>,
}

/// The status of the pane process: the third line of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The pane process was alive.
    Ok,
    /// The pane process exited, or was killed by a signal.
    Exited,
    /// The agent was stopped on request.
    Stopped,
    /// The tmux server ended, or the agent's session was removed.
    Lost,
}

impl Status {
    /// All values, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Exited, Self::Stopped, Self::Lost];

    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Exited => "exited",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The fields that bind a heartbeat to one process of one boot, and to the sidecar that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The agent.
    pub agent: AgentName,
    /// The boot in which the heartbeat was written.
    pub boot: BootId,
    /// The start time of the pane process, in clock ticks since boot.
    pub start_ticks: u64,
    /// The time of writing on `CLOCK_MONOTONIC`, in whole milliseconds.
    pub monotonic: Duration,
    /// The interval at which the sidecar writes.
    pub interval: HeartbeatInterval,
    /// The number of the heartbeat within its generation.
    pub sequence: u64,
    /// The PID of the sidecar.
    pub sidecar: Pid,
    /// How often the agent was started since the run directory was made.
    pub generation: u64,
    /// How the pane process ended. Set only with [`Status::Exited`].
    pub exit: Option<ExitVerdict>,
    /// How the previous pane process ended, if that is known.
    pub last_exit: Option<LastExit>,
}

/// The end of an agent's process. Later heartbeats repeat it; otherwise the end of an agent that systemd
/// restarts within a second would be gone before an observer could read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastExit {
    /// How the process ended.
    pub verdict: ExitVerdict,
    /// When the process ended: wall-clock time in whole seconds.
    pub at: Timestamp,
}

impl Heartbeat {
    /// The process to which the heartbeat is bound. `None` for version 1, which has only a PID.
    #[must_use]
    pub fn process(&self) -> Option<ProcessIdentity> {
        let binding = self.binding.as_ref()?;
        Some(ProcessIdentity { pid: self.pid, start_ticks: binding.start_ticks, boot: binding.boot })
    }

    /// The latest known end of a process of the agent: of this one, or else of the previous one.
    #[must_use]
    pub fn latest_exit(&self) -> Option<LastExit> {
        let binding = self.binding.as_ref()?;
        binding.exit.map_or(binding.last_exit, |verdict| Some(LastExit { verdict, at: self.written_at }))
    }
}

/// Writes the text of the file. Readers of version 1 know only the first three lines.
impl fmt::Display for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ts={}\npid={}\nstatus={}\n", WholeSeconds(self.written_at), self.pid, self.status)?;
        let Some(binding) = &self.binding else { return Ok(()) };
        let Binding { agent, boot, start_ticks, monotonic, interval, sequence, .. } = binding;
        write!(f, "v=2\nagent={agent}\nboot={boot}\nstart={start_ticks}\n")?;
        write!(f, "mono={}.{:03}\ninterval={interval}\n", monotonic.as_secs(), monotonic.subsec_millis())?;
        write!(f, "seq={sequence}\nsidecar={}\ngen={}\n", binding.sidecar, binding.generation)?;
        if let Some(verdict) = binding.exit {
            writeln!(f, "exit={verdict}")?;
        }
        match binding.last_exit {
            Some(LastExit { verdict, at }) => write!(f, "last_exit={verdict}\nlast_exit_ts={}\n", WholeSeconds(at)),
            None => Ok(()),
        }
    }
}

/// A time in the form of `date --iso-8601=seconds` in UTC.
struct WholeSeconds(Timestamp);

impl fmt::Display for WholeSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Truncated, because a rounded time could be in the future. The offset is numeric, not "Z".
        let whole = Timestamp::from_second(self.0.as_second()).unwrap_or(self.0);
        write!(f, "{}", whole.display_with_offset(Offset::UTC))
    }
}

impl FromStr for Heartbeat {
    type Err = MalformedHeartbeat;

    /// Parses version 1 (`ts`, `pid`, `status`), version 2, and later versions that only add lines. Lines
    /// with unknown keys are ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lines = KeyValueLines::new(text)?;
        let written_at = lines.parse_with("ts", |value| value.parse::<Timestamp>().ok())?;
        let pid = lines.parse("pid")?;
        let status =
            lines.parse_with("status", |value| Status::ALL.into_iter().find(|status| status.as_str() == value))?;
        let binding = match lines.find("v")? {
            None | Some("1") => None,
            Some(version) if version.parse::<u32>().is_ok_and(|version| version >= 2) => Some(parse_binding(&lines)?),
            Some(other) => return Err(MalformedHeartbeat::Value { key: "v", value: other.to_owned() }),
        };
        Ok(Self { written_at, pid, status, binding })
    }
}

fn parse_binding(lines: &KeyValueLines<'_>) -> Result<Binding, MalformedHeartbeat> {
    Ok(Binding {
        agent: lines.parse("agent")?,
        boot: lines.parse("boot")?,
        start_ticks: lines.parse("start")?,
        monotonic: lines.parse_with("mono", parse_decimal_seconds)?,
        interval: lines.parse("interval")?,
        sequence: lines.parse("seq")?,
        sidecar: lines.parse("sidecar")?,
        generation: lines.parse("gen")?,
        exit: match lines.find("exit")? {
            None => None,
            Some(_) => Some(lines.parse("exit")?),
        },
        last_exit: match lines.find("last_exit")? {
            None => None,
            Some(_) => Some(LastExit {
                verdict: lines.parse("last_exit")?,
                at: lines.parse_with("last_exit_ts", |value| value.parse::<Timestamp>().ok())?,
            }),
        },
    })
}
