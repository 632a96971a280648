//! `mosaic fleet status`: one line per agent, and an exit code for scripts.

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_probe::snapshot::{AgentSnapshot, Condition};
use mosaic_terminal::paragraph;

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
    agents.iter().flat_map(|agent| agent_lines(agent, width, style)).collect()
}

/// One line, or in a terminal that is too narrow for it as many as are needed.
fn agent_lines(agent: &AgentSnapshot, width: usize, style: &Style) -> Vec<Line> {
    let mark = condition_mark(agent.condition);
    let first = mark
        .line(style)
        .with(Paint::Bold, &format!("{:width$}", agent.name))
        .space(2)
        .with(mark.paint(), &format!("{:8}", agent.condition));
    let unit = agent.unit.as_ref().map(|unit| format!("{} ({})", unit.active, unit.sub)).unwrap_or_default();
    let since = agent.session.as_ref().and_then(|session| session.process_since.as_ref());
    let since = since.or_else(|| agent.unit.as_ref()?.since.as_ref());
    let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
    let reason = agent.reason.as_deref().unwrap_or_default();
    let mut line = first.clone();
    if !unit.is_empty() {
        line = line.space(2).with(Paint::Plain, &unit);
    }
    line = line.with(Paint::Dim, &since);
    if !reason.is_empty() {
        line = line.space(2).with(Paint::Plain, reason);
    }
    if line.width() <= style.columns {
        return vec![line];
    }
    let beside = first.space(2);
    let state = format!("{unit}{since}");
    let mut lines = paragraph(&beside, Paint::Plain, if state.is_empty() { reason } else { &state }, style.columns);
    if !state.is_empty() && !reason.is_empty() {
        lines.extend(paragraph(&Line::default().space(beside.width()), Paint::Plain, reason, style.columns));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{exit_code, lines};
    use crate::view::{Style, render, test_fleet};
    use mosaic_exit_code::ExitCode;
    use mosaic_probe::snapshot::Condition::{self, Dead, Missing, Stale, Starting, Unknown, Up};

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let fleet = test_fleet::fleet();
        let agents: Vec<_> = fleet.managed().collect();
        for columns in [60, 80, 120, 200] {
            let style = Style { columns, color: false, ascii: false };
            let lines = lines(&agents, &style);
            let widest = lines.iter().max_by_key(|line| line.width()).unwrap();
            assert!(widest.width() <= columns, "{columns}: {}", render(&lines, &style));
        }
        let style = Style { columns: usize::MAX, color: false, ascii: false };
        assert_eq!(lines(&agents, &style).len(), agents.len(), "one line per agent for other programs");
    }

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
