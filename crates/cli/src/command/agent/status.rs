//! `mosaic agent status`: prints the details of agents.

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_probe::Snapshot;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgents};
use crate::view::{agent_cards, print, print_json, render};

/// Show the details of agents: process, unit, heartbeat, resource usage, drift
///
/// The exit code is 0 if the agents could be observed, whatever their state; 'mosaic fleet verify' checks their state.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  mosaic agent status coder0\n  mosaic agent status --json | jq '.agents[].heartbeat'"
)]
pub(crate) struct Status {
    #[command(flatten)]
    agents: NamedAgents,

    #[command(flatten)]
    json: JsonArg,
}

impl Status {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let agents = self.agents.checked(&context.roster()?)?;
        let mut snapshot = context.snapshot()?;
        if let Some(agents) = agents {
            restrict(&mut snapshot, &agents);
        }
        if self.json.enabled {
            print_json(&snapshot)?;
        } else {
            print(&render(&agent_cards(&snapshot, &context.style), &context.style))?;
        }
        Ok(ExitCode::Ok)
    }
}

/// Keeps only these agents, in this order, and their drift.
fn restrict(snapshot: &mut Snapshot, agents: &[AgentName]) {
    snapshot.agents = agents.iter().filter_map(|agent| snapshot.agent(agent.as_str()).cloned()).collect();
    snapshot.drift.retain(|item| agents.iter().any(|agent| agent.as_str() == item.subject));
}

#[cfg(test)]
mod tests {
    use super::restrict;
    use crate::view::test_fleet;

    #[test]
    fn only_the_named_agents_are_shown() {
        let mut fleet = test_fleet::fleet();
        restrict(&mut fleet, &["coder1".parse().unwrap(), "coder0".parse().unwrap()]);
        let names: Vec<&str> = fleet.agents.iter().map(|agent| agent.name.as_str()).collect();
        assert_eq!(names, ["coder1", "coder0"]);
        let subjects: Vec<&str> = fleet.drift.iter().map(|item| item.subject.as_str()).collect();
        assert_eq!(subjects, ["coder1"]);
    }
}
