//! Panes: their IDs, their state, and the targets by which a person names them.

use std::fmt;
use std::str::FromStr;

use mosaic_domain::{AgentName, ExitVerdict, Pid};

use crate::{Server, TmuxError};

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
    /// The pane process. `None` only if the pane is dead: tmux 3.8 then no longer reports it.
    pub pid: Option<Pid>,
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
        let dead = dead == "1";
        Some(Self {
            id: id.parse().ok()?,
            pid: parse_pane_pid(pid, dead)?,
            dead,
            verdict: ExitVerdict::from_tmux(status, signal),
            server: server.parse().ok()?,
            start_command: start_command.to_owned(),
        })
    }
}

/// Parses `#{pane_pid}`. It is empty for a dead pane (tmux 3.8), and for one whose process tmux has not started yet, which
/// gives `None`.
#[expect(clippy::option_option, reason = "the outer option is the success of parsing")]
pub(crate) fn parse_pane_pid(pid: &str, dead: bool) -> Option<Option<Pid>> {
    if pid.is_empty() && dead { Some(None) } else { pid.parse().ok().map(Some) }
}

/// The target that a person writes for a pane: `%4`, `name`, `=name`, `name:0` or `=name:0.1`. Unlike in tmux's own
/// targets, a name never matches as a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaneTarget {
    /// The pane with this ID.
    Id(PaneId),
    /// The oldest pane of a session with these indices.
    InSession {
        /// The full name of the session.
        session: String,
        /// The index of the window. `None` matches any.
        window: Option<u32>,
        /// The index of the pane. `None` matches any.
        pane: Option<u32>,
    },
}

/// The pane that a target refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPane {
    /// The ID of the pane.
    pub id: PaneId,
    /// The name of its session.
    pub session: String,
    /// The pane process, the one that tmux started last. `None` only if the pane is dead: tmux 3.8 then no longer reports
    /// it.
    pub pid: Option<Pid>,
    /// The name of the foreground program, as tmux shows it.
    pub command: String,
}

/// The error of parsing a text that is not a target of a pane.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a pane: expected a session's name, NAME:WINDOW.PANE with numbers, or %N", .0.escape_debug())]
pub struct InvalidPaneTarget(String);

impl PaneTarget {
    /// The target of the first pane of an agent's session.
    #[must_use]
    pub fn agent(agent: &AgentName) -> Self {
        Self::InSession { session: agent.as_str().to_owned(), window: None, pane: None }
    }
}

impl FromStr for PaneTarget {
    type Err = InvalidPaneTarget;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPaneTarget(given.to_owned());
        if given.starts_with('%') {
            return given.parse().map(Self::Id).map_err(|_| invalid());
        }
        let text = given.strip_prefix('=').unwrap_or(given);
        let (session, rest) = text.split_once(':').unwrap_or((text, ""));
        let (window, pane) = rest.split_once('.').unwrap_or((rest, ""));
        let index = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| invalid()),
        };
        if session.is_empty() || session.chars().any(char::is_control) || (window.is_empty() && !pane.is_empty()) {
            return Err(invalid());
        }
        Ok(Self::InSession { session: session.to_owned(), window: index(window)?, pane: index(pane)? })
    }
}

impl fmt::Display for PaneTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::InSession { session, window, pane } => {
                write!(f, "={session}:")?;
                window.map_or(Ok(()), |window| write!(f, "{window}"))?;
                pane.map_or(Ok(()), |pane| write!(f, ".{pane}"))
            }
        }
    }
}

impl Server {
    /// Finds the pane of a target. `None` if the pane or the server does not exist.
    ///
    /// # Errors
    /// The call to tmux fails.
    pub fn find_pane(&self, target: &PaneTarget) -> Result<Option<ResolvedPane>, TmuxError> {
        match self.run("list-panes", ["-a", "-F", TARGET_FORMAT]) {
            Ok(listed) => Ok(find(target, &listed)),
            Err(TmuxError::NoServer { .. }) => Ok(None),
            Err(TmuxError::CommandFailed { message, .. }) if crate::session::is_missing(&message) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

const TARGET_FORMAT: &str =
    "#{pane_id}\t#{pane_pid}\t#{pane_dead}\t#{window_index}\t#{pane_index}\t#{pane_current_command}\t#{session_name}";

/// Finds the pane of a target in the answer to [`TARGET_FORMAT`]. If several match, the oldest one wins, because an agent
/// runs in the first pane of its session, and a person may have opened others before and behind it.
fn find(target: &PaneTarget, listed: &str) -> Option<ResolvedPane> {
    let panes = listed.lines().filter_map(|line| {
        let fields: Vec<&str> = line.splitn(7, '\t').collect();
        let [id, pid, dead, window, pane, command, session]: [&str; 7] = fields.try_into().ok()?;
        let id: PaneId = id.parse().ok()?;
        let matches = match target {
            PaneTarget::Id(wanted) => *wanted == id,
            PaneTarget::InSession { session: name, window: window_index, pane: pane_index } => {
                let is = |wanted: &Option<u32>, index: &str| wanted.is_none_or(|wanted| index.parse() == Ok(wanted));
                name == session && is(window_index, window) && is(pane_index, pane)
            }
        };
        let pid = parse_pane_pid(pid, dead == "1")?;
        matches.then(|| ResolvedPane { id, session: session.to_owned(), pid, command: command.to_owned() })
    });
    panes.min_by_key(|pane| pane.id)
}

#[cfg(test)]
mod tests {
    use super::{Pane, PaneTarget, find};
    use mosaic_domain::ExitVerdict;

    #[test]
    fn lines_of_list_panes_are_parsed() {
        // Captured from tmux 3.3a and, where the process of a dead pane is missing, from tmux 3.8.
        let table = [
            ("%4\t18960\t0\t\t\t812\tsh -c \"a\tb\"", Some((false, None))),
            ("%4\t18960\t1\t7\t\t812\tx", Some((true, Some(ExitVerdict::Code(7))))),
            ("%4\t18960\t1\t\t9\t812\tx", Some((true, Some(ExitVerdict::Signal(9))))),
            ("%4\t18960\t0\t0\t\t812\tx", Some((false, Some(ExitVerdict::Code(0))))),
            ("%4\t\t1\t7\t\t812\tx", Some((true, Some(ExitVerdict::Code(7))))),
            ("%4\t\t1\t\t15\t812\tx", Some((true, Some(ExitVerdict::Signal(15))))),
            ("%4\t\t0\t\t\t812\tx", None),
            ("", None),
        ];
        for (line, expected) in table {
            assert_eq!(Pane::parse(line).map(|pane| (pane.dead, pane.verdict)), expected, "{line}");
        }
    }

    #[test]
    fn targets_are_parsed() {
        let table = [
            ("%4", Some("%4")),
            ("coder0", Some("=coder0:")),
            ("=coder0", Some("=coder0:")),
            ("=coder0:", Some("=coder0:")),
            ("coder0:1", Some("=coder0:1")),
            ("=my notes:0.2", Some("=my notes:0.2")),
            ("%x", None),
            ("", None),
            ("=", None),
            ("coder0:x", None),
            ("coder0:.1", None),
            ("a\nb", None),
        ];
        for (given, expected) in table {
            let read = given.parse::<PaneTarget>();
            assert_eq!(read.ok().map(|target| target.to_string()).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn a_name_never_matches_as_a_prefix() {
        let listed = "%9\t70\t0\t0\t0\tbash\tcoder01\n%4\t71\t0\t0\t0\tpi\tcoder0\n%5\t72\t0\t0\t1\tvim\tcoder0\n\
            %6\t73\t0\t2\t0\tless\tcoder0\n%8\t\t1\t0\t0\t\tdead\n";
        let table = [
            ("coder0", Some("%4")),
            ("coder0:0.1", Some("%5")),
            ("coder0:2", Some("%6")),
            ("dead", Some("%8")),
            ("%5", Some("%5")),
            ("coder", None),
            ("coder0:3", None),
            ("%7", None),
        ];
        for (target, expected) in table {
            let found = find(&target.parse().unwrap(), listed).map(|found| found.id.to_string());
            assert_eq!(found.as_deref(), expected, "{target}");
        }
    }
}
