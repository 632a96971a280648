//! A pane of an agent's session, and its ID.

use std::fmt;
use std::str::FromStr;

use mosaic_domain::{ExitVerdict, Pid};

/// The ID of a pane, such as `%4`. The server never reuses it, and it is an exact target in every tmux command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaneId(u32);

/// The error of parsing a text that is not a pane ID.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a pane id: expected % and a number", .0.escape_debug())]
pub struct InvalidPaneId(String);

impl FromStr for PaneId {
    type Err = InvalidPaneId;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let number = given.strip_prefix('%').and_then(|number| number.parse().ok());
        number.map(Self).ok_or_else(|| InvalidPaneId(given.to_owned()))
    }
}

impl fmt::Display for PaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// A pane, and the process that tmux started in it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pane {
    /// The ID of the pane.
    pub id: PaneId,
    /// The pane process.
    pub pid: Pid,
    /// The pane process has ended and its terminal is closed.
    pub dead: bool,
    /// How the pane process ended, once tmux has waited for it.
    pub verdict: Option<ExitVerdict>,
    /// The process of the tmux server.
    pub server: Pid,
    /// The command with which the pane was started, as tmux quotes it.
    pub start_command: String,
}

impl Pane {
    /// The format that [`Pane::parse`] parses: fields separated by tabs.
    pub(crate) const FORMAT: &str = "#{pane_id}\t#{pane_pid}\t#{pane_dead}\t#{pane_dead_status}\t#{pane_dead_signal}\t#{pid}\t#{pane_start_command}";

    pub(crate) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.splitn(7, '\t').collect();
        let [id, pid, dead, status, signal, server, start_command] = fields.try_into().ok()?;
        Some(Self {
            id: id.parse().ok()?,
            pid: pid.parse().ok()?,
            dead: dead == "1",
            verdict: ExitVerdict::from_tmux(status, signal),
            server: server.parse().ok()?,
            start_command: start_command.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Pane;
    use mosaic_domain::ExitVerdict;

    #[test]
    fn lines_of_list_panes_are_parsed() {
        // Captured from tmux 3.3a.
        let table = [
            ("%4\t18960\t0\t\t\t812\tsh -c \"a\tb\"", Some((false, None))),
            ("%4\t18960\t1\t7\t\t812\tx", Some((true, Some(ExitVerdict::Code(7))))),
            ("%4\t18960\t1\t\t9\t812\tx", Some((true, Some(ExitVerdict::Signal(9))))),
            ("%4\t18960\t0\t0\t\t812\tx", Some((false, Some(ExitVerdict::Code(0))))),
            ("%4\t\t0\t\t\t812\tx", None),
            ("", None),
        ];
        for (line, expected) in table {
            assert_eq!(Pane::parse(line).map(|pane| (pane.dead, pane.verdict)), expected, "{line}");
        }
    }
}
