//! The records of requested stops: written when an agent has stopped, and removed when it is to start.

use jiff::Timestamp;
use mosaic_domain::{AgentName, FleetPaths};
use mosaic_heartbeat::StopRecord;
use mosaic_process::{Cgroup, ProcRoot, monotonic};
use mosaic_roster::Roster;
use mosaic_systemd::UnitName;

use crate::action::{ActionReport, LifecycleAction, LifecycleEvent, Outcome, Reporter, Subject};

/// Keeps the records of the agents of a roster.
#[derive(Debug)]
pub(crate) struct StopRecords<'a> {
    pub(crate) paths: FleetPaths,
    pub(crate) roster: &'a Roster,
    /// The user or the agent that requests the action.
    pub(crate) requester: String,
}

impl StopRecords<'_> {
    /// Removes the records of agents that are to start.
    pub(crate) fn begin(&self, action: LifecycleAction, agent: &AgentName, reporter: &mut dyn Reporter) {
        if action != LifecycleAction::Stop
            && let Err(error) = StopRecord::remove(&self.paths, agent)
        {
            self.report(agent, &error, reporter);
        }
    }

    /// Writes the record of an agent that has stopped.
    pub(crate) fn finish(&self, action: LifecycleAction, report: &ActionReport, reporter: &mut dyn Reporter) {
        let (LifecycleAction::Stop, Subject::Agent(agent), Ok(Outcome::Stopped | Outcome::NotRunning)) =
            (action, &report.subject, &report.result)
        else {
            return;
        };
        if self.roster.agent(agent.as_str()).is_none() {
            return;
        }
        let boot = ProcRoot::default().boot_id().ok();
        let uptime = boot.map(|boot| (boot, monotonic()));
        let record = StopRecord { at: Timestamp::now(), uptime, by: self.requester.clone() };
        if let Err(error) = record.write(&self.paths, agent) {
            self.report(agent, &error, reporter);
        }
    }

    fn report(&self, agent: &AgentName, error: &std::io::Error, reporter: &mut dyn Reporter) {
        let path = self.paths.stop_record(agent);
        reporter.report(LifecycleEvent::StopRecordFailed { reason: format!("{}: {error}", path.display()) });
    }
}

/// Who runs this process: the agent to whose unit it belongs, or else the user. The kernel says so; a variable of the
/// environment could be set to anything.
pub(crate) fn requester(user: String) -> String {
    let own = Cgroup::current().ok().flatten();
    let mut group = own;
    while let Some(current) = group {
        if let Some(agent) = current.name().parse::<UnitName>().ok().and_then(|unit| unit.agent_name()) {
            return agent.to_string();
        }
        group = current.parent().filter(|parent| !parent.name().is_empty());
    }
    user
}
