//! Everything that was seen in one look, before anybody judged it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{AgentName, Pid};
use mosaic_heartbeat::{ActivityReport, Heartbeat, Now};
use mosaic_process::{Stat, Usage};
use mosaic_systemd::{Linger, Unit, UnitLinks, UnitName};
use mosaic_tmux::SessionPane;

use super::{RosterSeen, ScreenSays, Seen};

/// One observation. Each source stands for itself: one that failed says nothing about the others.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The clocks, read after the heartbeats.
    pub now: Now,
    /// The time since the boot, suspensions included: what start times of processes count in.
    pub since_boot: Duration,
    /// The roster.
    pub roster: RosterSeen,
    /// The fleet's tmux server; nothing if there is none.
    pub tmux: Seen<Option<TmuxServer>>,
    /// The units.
    pub systemd: Seen<Units>,
    /// There is no user manager, nor anything that only one could have made: the fleet runs without.
    /// That none is found from here is not enough: a shell of another login does not see it either.
    pub direct: bool,
    /// The unit files.
    pub unit_files: Result<UnitFiles, String>,
    /// Do units run without a login?
    pub linger: Linger,
    /// The run directory.
    pub heartbeats: Seen<RunFiles>,
    /// The processes of the panes, and those that heartbeats name.
    pub processes: Seen<BTreeMap<Pid, ProcessSeen>>,
    /// What agents' screens say of their doing, where they were worth a look.
    pub signs: BTreeMap<AgentName, ScreenSays>,
    /// The files that were generated from the roster, where they differ from what it would make now.
    pub generated: Seen<Arc<BTreeMap<AgentName, Arc<GeneratedFiles>>>>,
}

/// A tmux server and what is on it.
#[derive(Clone, Debug, Default)]
pub struct TmuxServer {
    /// Its process; a server without a single session does not say.
    pub pid: Option<Pid>,
    /// When it started, in seconds since 1970.
    pub started: Option<i64>,
    /// The first pane of each session, by the session's name.
    pub sessions: BTreeMap<String, SessionPane>,
}

/// The units of a fleet, as the manager lists them.
#[derive(Clone, Debug, Default)]
pub struct Units {
    /// Those that are loaded.
    pub loaded: HashMap<UnitName, Unit>,
    /// When they came to their state; of one that is active, when its start began.
    pub since: HashMap<UnitName, Timestamp>,
    /// The manager's version.
    pub version: String,
}

/// What is installed.
#[derive(Clone, Debug, Default)]
pub struct UnitFiles {
    /// The units that are started at boot, and those that must not be started.
    pub links: Arc<UnitLinks>,
    /// The agents' unit file is there.
    pub template_installed: bool,
}

/// The files of the run directory, by agent.
#[derive(Clone, Debug, Default)]
pub struct RunFiles {
    /// Heartbeats, or why one cannot be understood.
    pub heartbeats: BTreeMap<AgentName, Result<Heartbeat, String>>,
    /// What agents say of themselves. A report that cannot be understood says nothing.
    pub activities: BTreeMap<AgentName, ActivityReport>,
}

/// A process.
#[derive(Clone, Debug)]
pub struct ProcessSeen {
    /// Its line in `/proc`, nothing if it is gone; or why that could not be read.
    pub stat: Result<Option<Stat>, String>,
    /// What it was started to do, if it can be known.
    pub launched: Option<Launched>,
    /// The name of its control group: a unit's name.
    pub group: Option<String>,
    /// What its unit's control group uses, else itself and what it started.
    pub usage: Option<Usage>,
    /// The program in the foreground of its terminal.
    pub foreground: Option<String>,
}

/// How the pane's process was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Launched {
    /// By the launcher, with this line for the shell.
    Command(String),
    /// In another way: its environment, which stays whatever it executes, has no agent's name.
    Otherwise,
}

/// The generated files of one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFiles {
    /// What differs from the roster, a phrase each; nothing if all is as it would be made now.
    pub outdated: Vec<String>,
    /// The command that the roster, with the site's env file, means.
    pub command: Arc<str>,
    /// The search path that the env file records.
    pub search_path: Option<Arc<str>>,
}
