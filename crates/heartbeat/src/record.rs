//! One heartbeat: what a sidecar knew when it wrote.

use std::fmt;
use std::time::Duration;

use domain::{AgentName, BeatInterval, BootId, ExitVerdict, Pid, ProcessIdentity};
use jiff::Timestamp;

use crate::Status;

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
}

impl Heartbeat {
    /// The process that the heartbeat is bound to; `None` of a version 1 file, which trusts a PID.
    #[must_use]
    pub fn process(&self) -> Option<ProcessIdentity> {
        let binding = self.binding.as_ref()?;
        Some(ProcessIdentity { pid: self.pid, start_ticks: binding.start_ticks, boot: binding.boot })
    }
}

/// The file's text. Version 1 readers know the first three lines, so these stay first.
impl fmt::Display for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole seconds, cut off as `date` does: rounded up they would lie in the future. And the offset
        // in numbers as `date +%z` gives it, not as "Z".
        let written_at = Timestamp::from_second(self.written_at.as_second()).unwrap_or(self.written_at).to_string();
        let written_at = written_at.trim_end_matches('Z');
        write!(f, "ts={written_at}+00:00\npid={}\nstatus={}\n", self.pid, self.status)?;
        let Some(binding) = &self.binding else { return Ok(()) };
        let Binding { agent, boot, start_ticks, monotonic, interval, sequence, sidecar, generation, exit } = binding;
        write!(f, "v=2\nagent={agent}\nboot={boot}\nstart={start_ticks}\n")?;
        write!(f, "mono={}.{:03}\ninterval={interval}\n", monotonic.as_secs(), monotonic.subsec_millis())?;
        write!(f, "seq={sequence}\nsidecar={sidecar}\ngen={generation}\n")?;
        match exit {
            Some(verdict) => writeln!(f, "exit={verdict}"),
            None => Ok(()),
        }
    }
}
