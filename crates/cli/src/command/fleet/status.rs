//! `mosaic fleet status`: one line per agent, and an exit code for scripts.

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_probe::snapshot::{AgentSnapshot, Condition};

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgents};
use crate::view::{Line, Paint, Style, condition_mark, print, print_json, render};

/// Show one line per agent, and fail unless all agents are up
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet status\n  mosaic fleet status coder0 --json")]
pub(crate) struct Status {
    #[command(flatten)]
    agents: NamedAgents,

    #[command(flatten)]
    json: JsonArg,
}

impl Status {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let chosen = self.agents.checked(&context.roster()?)?;
        let snapshot = context.snapshot()?;
        let is_selected = |agent: &&AgentSnapshot| match &chosen {
            Some(names) => names.iter().map(AgentName::as_str).any(|name| name == agent.name),
            None => agent.managed,
        };
        let agents: Vec<&AgentSnapshot> = snapshot.agents.iter().filter(is_selected).collect();
        if self.json.enabled {
            print_json(&agents)?;
        } else {
            print(&render(&lines(&agents, &context.style), &context.style))?;
        }
        Ok(exit_code(agents.iter().map(|agent| agent.condition)))
    }
}

/// 0 if all agents are up, 1 if an agent is not up, and 69 if only agents of unknown condition are not up.
fn exit_code(conditions: impl Iterator<Item = Condition>) -> ExitCode {
    let others: Vec<Condition> = conditions.filter(|condition| *condition != Condition::Up).collect();
    match others.iter().find(|condition| **condition != Condition::Unknown) {
        Some(_) => ExitCode::CheckFailed,
        None if others.is_empty() => ExitCode::Ok,
        None => ExitCode::Unavailable,
    }
}

fn lines(agents: &[&AgentSnapshot], style: &Style) -> Vec<Line> {
    let width = agents.iter().map(|agent| agent.name.len()).max().unwrap_or_default();
    let line = |agent: &&AgentSnapshot| {
        let paint = condition_mark(agent.condition).paint();
        let mut line = condition_mark(agent.condition)
            .line(style)
            .with(Paint::Bold, &format!("{:width$}", agent.name))
            .space(2)
            .with(paint, &format!("{:8}", agent.condition));
        if let Some(unit) = &agent.unit {
            line = line.space(2).with(Paint::Plain, &format!("{} ({})", unit.active, unit.sub));
        }
        let since = agent.session.as_ref().and_then(|session| session.process_since.as_ref());
        let since = since.or_else(|| agent.unit.as_ref()?.since.as_ref());
        if let Some(since) = since {
            line = line.with(Paint::Dim, &format!(" since {since}"));
        }
        if let Some(reason) = &agent.reason {
            line = line.space(2).with(Paint::Plain, reason);
        }
        line
    };
    agents.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::exit_code;
    use mosaic_exit_code::ExitCode;
    use mosaic_probe::snapshot::Condition::{self, Dead, Missing, Stale, Starting, Unknown, Up};

    #[test]
    fn status_succeeds_only_if_all_agents_are_known_to_be_up() {
        let table: [(&[Condition], ExitCode); 8] = [
            (&[], ExitCode::Ok),
            (&[Up, Up], ExitCode::Ok),
            (&[Up, Starting], ExitCode::CheckFailed),
            (&[Stale], ExitCode::CheckFailed),
            (&[Unknown, Up], ExitCode::Unavailable),
            (&[Unknown, Dead], ExitCode::CheckFailed),
            (&[Missing, Unknown], ExitCode::CheckFailed),
            (&[Unknown], ExitCode::Unavailable),
        ];
        for (conditions, expected) in table {
            assert_eq!(exit_code(conditions.iter().copied()), expected, "{conditions:?}");
        }
    }
}
