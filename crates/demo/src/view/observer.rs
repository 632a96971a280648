//! Looks at the fleet: one read for each heartbeat and each process, and tmux only when asked to.

use std::io;

use jiff::Timestamp;
use mosaic_domain::{AgentName, HeartbeatInterval};
use mosaic_heartbeat::{Freshness, Heartbeat, Now, RunDirectory, UnreadableHeartbeat};
use mosaic_process::{ProcRoot, monotonic};
use mosaic_tmux::Server;

use super::Row;
use super::evidence::{Evidence, Session};
use super::outputs::Outputs;
use super::verdict::Verdict;

/// How thorough a look is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Heartbeats and processes: microseconds.
    Quick,
    /// And tmux, for what agents printed last.
    Full,
}

/// Sees all agents of the fleet.
#[derive(Debug)]
pub(crate) struct Observer {
    agents: Vec<AgentName>,
    run: RunDirectory,
    proc: ProcRoot,
    outputs: Outputs,
}

impl Observer {
    pub(crate) fn new(agents: Vec<AgentName>, run: RunDirectory, server: Server) -> Self {
        Self { agents, run, proc: ProcRoot::default(), outputs: Outputs::new(server) }
    }

    /// Looks once; `starting` says whose start is under way.
    pub(crate) fn observe(&mut self, depth: Depth, starting: impl Fn(&AgentName) -> bool) -> io::Result<Vec<Row>> {
        let heartbeats: Vec<_> =
            self.agents.iter().map(|agent| mosaic_heartbeat::read(&self.run.heartbeat(agent))).collect();
        // After the heartbeats, so that none of them is of the future.
        let now = Now { wall: Timestamp::now(), monotonic: monotonic(), boot: self.proc.boot_id()? };
        let mut rows = Vec::new();
        for (agent, heartbeat) in self.agents.clone().into_iter().zip(heartbeats) {
            let evidence = self.evidence(&agent, heartbeat, depth, starting(&agent), now);
            rows.push(self.row(agent, &evidence, depth));
        }
        Ok(rows)
    }

    fn evidence(
        &self,
        agent: &AgentName,
        heartbeat: Result<Option<Heartbeat>, UnreadableHeartbeat>,
        depth: Depth,
        starting: bool,
        now: Now,
    ) -> Evidence {
        let process = heartbeat.as_ref().ok().and_then(Option::as_ref).and_then(Heartbeat::process);
        let nobody_else_knows = matches!(heartbeat, Ok(None)) && !starting && depth == Depth::Full;
        Evidence {
            heartbeat: heartbeat.map_err(|error| error.to_string()),
            liveness: process.map(|process| self.proc.liveness(&process).map_err(|error| error.to_string())),
            session: if nobody_else_knows { self.outputs.session(agent) } else { Session::NotAsked },
            starting,
            now,
        }
    }

    fn row(&mut self, agent: AgentName, evidence: &Evidence, depth: Depth) -> Row {
        let heartbeat = evidence.heartbeat.as_ref().ok().and_then(Option::as_ref);
        let process = heartbeat.and_then(Heartbeat::process);
        if let (Depth::Full, Some(process), Some(Ok(mosaic_process::Liveness::Alive))) =
            (depth, process, &evidence.liveness)
        {
            self.outputs.look(&agent, process);
        }
        let age =
            heartbeat.and_then(|heartbeat| match Freshness::judge(heartbeat, &evidence.now, HeartbeatInterval::DEFAULT) {
                Freshness::Fresh { age } | Freshness::Late { age } => Some(age),
                Freshness::Unknown(_) => None,
            });
        let binding = heartbeat.and_then(|heartbeat| heartbeat.binding.as_ref());
        Row {
            verdict: Verdict::judge(evidence),
            process,
            exit: binding.and_then(|binding| binding.exit),
            age,
            starts: binding.map(|binding| binding.generation),
            output: self.outputs.line(&agent, process),
            agent,
        }
    }
}
