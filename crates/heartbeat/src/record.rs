//! One heartbeat: what a sidecar knew when it wrote.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;
use mosaic_domain::{AgentName, BeatInterval, BootId, ExitVerdict, Pid, ProcessIdentity};

use crate::{LastExit, Status};

/// A heartbeat of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Wall-clock time of writing, whole seconds.
    pub written_at: Timestamp,
    /// The pane process.
    pub pid: Pid,
    /// What became of it.
    pub status: Status,
    /// What version 2 adds; the bash launcher's files have only the three above.
    pub binding: Option<Binding>,
}

/// What binds a heartbeat to one process of one boot, and to the sidecar that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Whose heartbeat it is.
    pub agent: AgentName,
    /// The boot in which it was written.
    pub boot: BootId,
    /// Start time of the pane process in clock ticks since boot.
    pub start_ticks: u64,
    /// `CLOCK_MONOTONIC` at the time of writing, in milliseconds' steps.
    pub monotonic: Duration,
    /// The interval that the writer keeps.
    pub interval: BeatInterval,
    /// Counts the beats within one generation.
    pub sequence: u64,
    /// The PID of the sidecar.
    pub sidecar: Pid,
    /// How often the agent was started since the run directory is new.
    pub generation: u64,
    /// How the pane process ended, with [`Status::Exited`].
    pub exit: Option<ExitVerdict>,
    /// How the process before it ended, when that is known.
    pub last_exit: Option<LastExit>,
}

impl Heartbeat {
    /// The process that the heartbeat is bound to; `None` of a version 1 file, which trusts a PID.
    #[must_use]
    pub fn process(&self) -> Option<ProcessIdentity> {
        let binding = self.binding.as_ref()?;
        Some(ProcessIdentity { pid: self.pid, start_ticks: binding.start_ticks, boot: binding.boot })
    }

    /// The latest end of the agent's process that is known: its own, else that of one before it.
    #[must_use]
    pub fn latest_exit(&self) -> Option<LastExit> {
        let binding = self.binding.as_ref()?;
        binding.exit.map_or(binding.last_exit, |verdict| Some(LastExit { verdict, at: self.written_at }))
    }
}

/// The file's text. Version 1 readers know the first three lines, so these stay first.
impl fmt::Display for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ts={}\npid={}\nstatus={}\n", Seconds(self.written_at), self.pid, self.status)?;
        let Some(binding) = &self.binding else { return Ok(()) };
        let Binding { agent, boot, start_ticks, monotonic, interval, sequence, .. } = binding;
        write!(f, "v=2\nagent={agent}\nboot={boot}\nstart={start_ticks}\n")?;
        write!(f, "mono={}.{:03}\ninterval={interval}\n", monotonic.as_secs(), monotonic.subsec_millis())?;
        write!(f, "seq={sequence}\nsidecar={}\ngen={}\n", binding.sidecar, binding.generation)?;
        if let Some(verdict) = binding.exit {
            writeln!(f, "exit={verdict}")?;
        }
        match binding.last_exit {
            Some(LastExit { verdict, at }) => write!(f, "last_exit={verdict}\nlast_exit_ts={}\n", Seconds(at)),
            None => Ok(()),
        }
    }
}

/// A time as `date` gives it.
struct Seconds(Timestamp);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Cut off: rounded up they would lie in the future. And the offset in numbers, not as "Z".
        let whole = Timestamp::from_second(self.0.as_second()).unwrap_or(self.0);
        write!(f, "{}", whole.display_with_offset(Offset::UTC))
    }
}
