//! One look at an agent, as far as an update needs it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mosaic_domain::{AgentName, Pid};
use mosaic_probe::snapshot::{ActivitySnapshot, AgentSnapshot, Condition};
use mosaic_process::{ProcRoot, since_boot, process_start_time};

use crate::context::Context;
use crate::error::CommandError;

/// What is there of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AgentSeen {
    pub(super) condition: Condition,
    pub(super) reason: Option<String>,
    /// The process of its pane, if that lives, and when it started.
    pub(super) process: Option<(Pid, Timestamp)>,
    /// What it says of itself.
    pub(super) activity: Option<ActivitySnapshot>,
    /// How long it has printed nothing.
    pub(super) quiet: Duration,
}

impl AgentSeen {
    /// Looks; `None` if the roster does not have it any more.
    ///
    /// # Errors
    /// Nobody could say whether it runs.
    pub(super) fn look(context: &Context, agent: &AgentName) -> Result<Option<Self>, CommandError> {
        let snapshot = context.look()?;
        snapshot.agent(agent.as_str()).filter(|seen| seen.managed).map(Self::of).transpose()
    }

    fn of(seen: &AgentSnapshot) -> Result<Self, CommandError> {
        let unknown = |why: &str| CommandError::Refused(format!("whether {} runs is not known: {why}", seen.name));
        let reason = || seen.reason.as_deref().unwrap_or("tmux could not be asked");
        let session = seen.session.as_ref().ok_or_else(|| unknown(reason()))?;
        let process = match (session.pane_pid.and_then(Pid::new), session.process_alive) {
            (Some(pid), Some(true)) => {
                started(pid).map_err(|error| unknown(&error.to_string()))?.map(|started| (pid, started))
            }
            (Some(_), None) if session.pane_dead == Some(false) => return Err(unknown(reason())),
            _ => None,
        };
        let printed = session.last_output.as_ref().and_then(|moment| moment.parse::<Timestamp>().ok());
        let quiet = printed.and_then(|printed| Duration::try_from(Timestamp::now().duration_since(printed)).ok());
        Ok(Self {
            condition: seen.condition,
            reason: seen.reason.clone(),
            process,
            activity: seen.activity.clone(),
            quiet: quiet.unwrap_or_default(),
        })
    }

    /// When its process started, if there is one.
    pub(super) fn started(&self) -> Option<Timestamp> {
        self.process.map(|(_, started)| started)
    }
}

/// By the wall clock, whose times files have; nothing if the process has just ended.
fn started(pid: Pid) -> std::io::Result<Option<Timestamp>> {
    let Some(identity) = ProcRoot::default().identity(pid)? else { return Ok(None) };
    let age = SignedDuration::try_from(since_boot().saturating_sub(process_start_time(&identity))).unwrap_or_default();
    Ok(Timestamp::now().checked_sub(age).ok())
}
