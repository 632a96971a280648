//! What one observation read from each source, before it is judged.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_domain::{AgentName, Pid};
use mosaic_heartbeat::{ActivityReport, Heartbeat, Now, StopRecord};
use mosaic_process::{Controllers, Stat, Usage};
use mosaic_systemd::{Linger, Unit, UnitFailure, UnitLinks, UnitName};
use mosaic_tmux::SessionPane;

use super::{AgentEnds, ObservedRoster, ObservedSign, UnusableProgram};
use crate::snapshot::SourceReport;

/// One observation. Each source has its own result, so that one failure does not affect the others.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    /// The clocks, read after the heartbeats.
    pub(crate) now: Now,
    /// The time since boot including suspensions, in which start times of processes are measured.
    pub(crate) since_boot: Duration,
    /// The roster.
    pub(crate) roster: ObservedRoster,
    /// The fleet's tmux server; `None` if the socket has none.
    pub(crate) tmux: Observed<Option<TmuxServer>>,
    /// The socket of the fleet's tmux server; `None` if tmux was not queried.
    pub(crate) socket: Option<ObservedSocket>,
    /// The units.
    pub(crate) systemd: Observed<Units>,
    /// No user manager was found, nor anything that only one creates: the fleet runs without one. Not finding a manager
    /// is not enough, because a shell of another login cannot see it either.
    pub(crate) direct: bool,
    /// The unit files.
    pub(crate) unit_files: Result<UnitFiles, String>,
    /// Whether units run without a login.
    pub(crate) linger: Linger,
    /// The files in the run directory.
    pub(crate) heartbeats: Observed<RunFiles>,
    /// The processes of the panes and those that heartbeats name.
    pub(crate) processes: Observed<BTreeMap<Pid, ObservedProcess>>,
    /// The activity that the status files of agents' programs and their screens show, where these had to be read.
    pub(crate) signs: BTreeMap<AgentName, ObservedSign>,
    /// The records of the stops that were requested.
    pub(crate) stops: Result<StopRecords, String>,
    /// The files generated from the roster, compared with what it would generate now.
    pub(crate) generated: Observed<Arc<BTreeMap<AgentName, Arc<GeneratedFiles>>>>,
    /// The recorded ends of the roster's agents.
    pub(crate) ends: BTreeMap<AgentName, Arc<AgentEnds>>,
    /// The programs of the agents' units that cannot be run.
    pub(crate) unusable_programs: Vec<UnusableProgram>,
}

/// The record of each agent that was stopped on request, or why one could not be read.
pub(crate) type StopRecords = BTreeMap<AgentName, Result<StopRecord, String>>;

/// A tmux server and its sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct TmuxServer {
    /// The process of the server; a server without sessions does not report it.
    pub(crate) pid: Option<Pid>,
    /// When the server started, in seconds since the epoch.
    pub(crate) started: Option<i64>,
    /// The first pane of each session, by the session's name.
    pub(crate) sessions: BTreeMap<String, SessionPane>,
}

/// The socket of a fleet's tmux server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObservedSocket {
    /// The path at which the server was queried: the recorded one while the recorded server runs.
    pub(crate) path: PathBuf,
    /// The process of the recorded server, while it runs.
    pub(crate) recorded: Option<Pid>,
    /// The path that tmux derives from the socket's name here, where `TMUX_TMPDIR` may differ.
    pub(crate) default_path: PathBuf,
}

/// The units of a fleet, as the manager lists them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Units {
    /// The loaded units.
    pub(crate) loaded: HashMap<UnitName, Unit>,
    /// When each unit entered its state; for an active unit, when its start began.
    pub(crate) since: HashMap<UnitName, Timestamp>,
    /// Why the failed units failed.
    pub(crate) failures: BTreeMap<UnitName, UnitFailure>,
    /// The manager's version.
    pub(crate) version: String,
}

/// The installed units.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitFiles {
    /// The units that a boot starts, and the units that are masked.
    pub(crate) links: Arc<UnitLinks>,
    /// The template unit of the agents is installed.
    pub(crate) template_installed: bool,
}

/// The files of the run directory, by agent.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunFiles {
    /// The heartbeats, or why one could not be parsed.
    pub(crate) heartbeats: BTreeMap<AgentName, Result<Heartbeat, String>>,
    /// The activity reports of the agents. A report that could not be parsed is ignored.
    pub(crate) activities: BTreeMap<AgentName, ActivityReport>,
    /// Why no file can be written into the directory, if that is so.
    pub(crate) write_fault: Option<String>,
}

/// A process as it was observed.
#[derive(Clone, Debug)]
pub(crate) struct ObservedProcess {
    /// Its line in `/proc`, `None` if it has ended; or why that could not be read.
    pub(crate) stat: Result<Option<Stat>, String>,
    /// How it was started, if that can be read.
    pub(crate) launch_command: Option<LaunchCommand>,
    /// The name of its control group, which is a unit's name.
    pub(crate) group: Option<String>,
    /// The controllers of its unit's control group. `None` if it is in no unit of an agent.
    pub(crate) controllers: Option<Controllers>,
    /// The usage of its unit's control group, else of the process and its descendants.
    pub(crate) usage: Option<Usage>,
    /// The name of the program in the foreground of its terminal.
    pub(crate) foreground: Option<String>,
}

/// How the process of a pane was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LaunchCommand {
    /// By the launcher, with this shell command.
    Command(String),
    /// In another way: its environment, which survives `exec`, names no agent.
    NotByLauncher,
}

/// The generated files of one agent, compared with what the roster would generate now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GeneratedFiles {
    /// The differences, one phrase each; empty if the files are up to date.
    pub(crate) outdated: Vec<String>,
    /// The path of the env file, if `install` cannot write it again in place: it is no regular file, or no text.
    pub(crate) unusable: Option<Arc<Path>>,
    /// The command that the roster and the site's env file specify.
    pub(crate) command: Arc<str>,
    /// The search path that the env file records.
    pub(crate) search_path: Option<Arc<str>>,
}

/// The result of reading one source, and how long that took.
#[derive(Clone, Debug)]
pub(crate) struct Observed<T> {
    /// What was read, or why it could not be read.
    pub(crate) result: Result<T, String>,
    /// How long reading took.
    pub(crate) took: Duration,
}

impl<T> Observed<T> {
    /// Reads and measures the time.
    pub(crate) fn measure(read: impl FnOnce() -> Result<T, String>) -> Self {
        let begun = Instant::now();
        let result = read();
        Self { result, took: begun.elapsed() }
    }

    /// The result of a source that is disabled.
    pub(crate) fn disabled() -> Self {
        Self { result: Err("disabled".to_owned()), took: Duration::ZERO }
    }

    /// What was read, if it could be.
    pub(crate) fn ok(&self) -> Option<&T> {
        self.result.as_ref().ok()
    }

    /// The report in the snapshot.
    pub(crate) fn report(&self) -> SourceReport {
        // Microseconds are precise enough.
        let duration_ms = f64::from(u32::try_from(self.took.as_micros()).unwrap_or(u32::MAX)) / 1000.0;
        SourceReport { ok: self.result.is_ok(), duration_ms, error: self.result.as_ref().err().cloned() }
    }
}
