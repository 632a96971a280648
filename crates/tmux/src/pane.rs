//! What tmux says of an agent's pane.

use mosaic_domain::{ExitVerdict, Pid};

use crate::PaneId;

/// A pane and the process that tmux started in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pane {
    /// The pane.
    pub id: PaneId,
    /// The process tmux started in it last.
    pub pid: Pid,
    /// That process is gone and its terminal closed.
    pub dead: bool,
    /// How the process ended, once tmux has waited for it.
    pub verdict: Option<ExitVerdict>,
    /// The tmux server's own process.
    pub server: Pid,
    /// The command the pane was started with, as tmux quotes it.
    pub start_command: String,
}

impl Pane {
    /// The format that [`Pane::parse`] reads, fields separated by tabs.
    pub(crate) const FORMAT: &str = "#{pane_id}\t#{pane_pid}\t#{pane_dead}\t#{pane_dead_status}\t#{pane_dead_signal}\t#{pid}\t#{pane_start_command}";

    pub(crate) fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.splitn(7, '\t').collect();
        let [id, pid, dead, status, signal, server, start_command] = fields.try_into().ok()?;
        Some(Self {
            id: id.parse().ok()?,
            pid: pid.parse().ok()?,
            dead: dead == "1",
            verdict: ExitVerdict::of_pane(status, signal),
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
    fn lines_of_tmux_are_read() {
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
