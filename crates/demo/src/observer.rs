//! The state of the fleet, as the product observes it.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use mosaic_domain::{SocketName, env_var};
use mosaic_probe::snapshot::{AgentSnapshot, Condition, SourceName};
use mosaic_probe::{Depth, FleetLocation, Target};
use mosaic_terminal::{Column, Line, Mark, Paint, Style, Table, format_duration};
use mosaic_tmux::Server;

use crate::home::Home;
use crate::launcher::StartJob;
use crate::{AGENTS, DemoError, SOCKET};

/// An agent in the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) agent: &'static str,
    pub(crate) condition: Condition,
    pub(crate) reason: Option<String>,
    /// The process in the pane.
    pub(crate) pid: Option<u32>,
    pub(crate) heartbeat_age: Option<Duration>,
    pub(crate) starts: Option<u64>,
    pub(crate) last_line: String,
}

/// Observes the fleet of a demo.
pub(crate) struct Observer {
    target: Arc<Target>,
    probe: mosaic_probe::Observer,
    server: Server,
}

impl Observer {
    pub(crate) fn new(home: &Home) -> Result<Self, DemoError> {
        // Nothing else of the environment may select another fleet.
        let variable = |name: &str| env::var_os(name).filter(|_| [env_var::HOME, env_var::PATH].contains(&name));
        let invalid = |error: &dyn ToString| std::io::Error::other(error.to_string());
        let observe = DemoError::io("observe the fleet");
        let target = FleetLocation::resolve(None, Some(home.fleet_paths().home()), variable, home.path())
            .map_err(|error| invalid(&error))
            .and_then(|location| location.target(variable).map_err(|error| invalid(&error)));
        let mut target = target.map_err(observe)?;
        // The units of the demo have names of their own, which the product does not know.
        target.disabled_sources = [SourceName::Systemd].into();
        let server = tmux_server()?.with_timeout(Duration::from_secs(1));
        Ok(Self { target: Arc::new(target), probe: mosaic_probe::Observer::default(), server })
    }

    /// Observes all agents. An agent whose start is under way is `starting` until it is `up`.
    pub(crate) fn observe(&mut self, starts: &[StartJob]) -> Result<Vec<Row>, DemoError> {
        let look = self.probe.observe(&self.target, Depth::Snapshot).map_err(DemoError::io("observe the fleet"))?;
        let row = |agent: &'static str| {
            let snapshot = look.snapshot.agents.iter().find(|snapshot| snapshot.name == agent);
            let mut row = self.row(agent, snapshot);
            if row.condition != Condition::Up && starts.iter().any(|start| start.agent == agent) {
                (row.condition, row.reason) = (Condition::Starting, None);
            }
            row
        };
        Ok(AGENTS.into_iter().map(row).collect())
    }

    fn row(&self, agent: &'static str, snapshot: Option<&AgentSnapshot>) -> Row {
        let Some(snapshot) = snapshot else {
            let reason = Some("not in the snapshot".to_owned());
            let (pid, heartbeat_age, starts, last_line) = (None, None, None, String::new());
            return Row { agent, condition: Condition::Unknown, reason, pid, heartbeat_age, starts, last_line };
        };
        let session = snapshot.session.as_ref();
        let pane = session.and_then(|session| session.pane_id.as_ref()?.parse().ok());
        let last_line = pane.and_then(|pane| self.server.last_lines(pane, 1).ok()?.pop()).unwrap_or_default();
        Row {
            agent,
            condition: snapshot.condition,
            reason: snapshot.reason.clone(),
            pid: session.and_then(|session| session.pane_pid),
            heartbeat_age: snapshot.heartbeat.age_ms.map(Duration::from_millis),
            starts: snapshot.heartbeat.starts,
            last_line,
        }
    }
}

/// The tmux server of the fleet, run by the tmux on `PATH`.
pub(crate) fn tmux_server() -> Result<Server, DemoError> {
    let program = mosaic_tmux::find_tmux(env::var_os(env_var::PATH).as_deref())?;
    let socket: Result<SocketName, _> = SOCKET.parse();
    let socket = socket.map_err(|error| DemoError::io("name the socket")(std::io::Error::other(error)))?;
    Ok(Server::new(program, socket))
}

/// Lays out the table. The reserved widths keep the columns in place when an agent is restarted.
pub(crate) fn table(rows: &[Row], style: &Style) -> Vec<Line> {
    let mut table = Table::new([
        Column::left("CONDITION").min_width(10),
        Column::left("AGENT"),
        Column::right("PID").min_width(7),
        Column::right("BEAT").min_width(5),
        Column::right("STARTS"),
        Column::left("LAST OUTPUT"),
    ]);
    for row in rows {
        let mark = condition_mark(row.condition);
        let known = |text: Option<String>| (Paint::Plain, text.unwrap_or_else(|| "-".to_owned()));
        let text = match &row.reason {
            Some(reason) => format!("({reason}) {}", row.last_line),
            None => row.last_line.clone(),
        };
        table.push_row([
            (mark.paint(), format!("{} {}", mark.symbol(style), row.condition)),
            (Paint::Bold, row.agent.to_owned()),
            known(row.pid.map(|pid| pid.to_string())),
            known(row.heartbeat_age.map(format_duration)),
            known(row.starts.map(|starts| starts.to_string())),
            (Paint::Plain, text.trim_end().to_owned()),
        ]);
    }
    table.lay_out(style)
}

fn condition_mark(condition: Condition) -> Mark {
    match condition {
        Condition::Up => Mark::Good,
        Condition::Starting => Mark::Pending,
        Condition::Stale => Mark::Warning,
        Condition::Dead => Mark::Bad,
        Condition::Missing => Mark::Absent,
        Condition::Stopped => Mark::Resting,
        Condition::Unknown => Mark::Unknown,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Row, table};
    use mosaic_probe::snapshot::Condition;
    use mosaic_terminal::{Style, render};
    use std::time::Duration;

    pub(crate) fn row(agent: &'static str, condition: Condition, pid: Option<u32>) -> Row {
        let (heartbeat_age, starts) = (Some(Duration::from_millis(430)), Some(1));
        Row {
            agent, condition, reason: None, pid, heartbeat_age, starts, last_line: "stand-in: step 3: 界".to_owned()
        }
    }

    fn rows() -> [Row; 3] {
        let reason = Some("it was killed by signal 9".to_owned());
        let gone = Row { reason, last_line: String::new(), ..row("worker", Condition::Missing, None) };
        [row("planner", Condition::Up, Some(18960)), gone, row("reviewer", Condition::Starting, Some(7))]
    }

    #[test]
    fn the_table_has_a_row_per_agent_with_the_reason_for_its_condition() {
        let style = Style { columns: 200, color: false, ascii: false };
        let expected = "  CONDITION   AGENT         PID   BEAT  STARTS  LAST OUTPUT
  ● up        planner     18960   0.4s       1  stand-in: step 3: 界
  – missing   worker          -   0.4s       1  (it was killed by signal 9)
  ◐ starting  reviewer        7   0.4s       1  stand-in: step 3: 界
";
        assert_eq!(render(&table(&rows(), &style), &style), expected);
    }

    #[test]
    fn the_table_fits_the_terminal() {
        for columns in [48, 60, 80, 120] {
            let style = Style { columns, color: false, ascii: true };
            let lines = table(&rows(), &style);
            assert!(lines.iter().all(|line| line.width() <= columns), "{columns}: {lines:?}");
        }
    }
}
