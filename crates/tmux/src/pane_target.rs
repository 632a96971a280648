//! A pane as somebody names it, found exactly or not at all.

use std::fmt;
use std::str::FromStr;

use mosaic_domain::{AgentName, Pid};

use crate::{PaneId, Server, TmuxError};

/// What a person writes for a pane: `%4`, `name`, `=name`, `name:0` or `=name:0.1`. Unlike tmux's own
/// targets it never means another session whose name only begins like this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaneTarget {
    /// That very pane.
    Id(PaneId),
    /// A pane of a session: the oldest one with these indices.
    Of {
        /// The session's whole name.
        session: String,
        /// The window's index.
        window: Option<u32>,
        /// The pane's index.
        pane: Option<u32>,
    },
}

/// A pane that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPane {
    /// The pane.
    pub id: PaneId,
    /// Its session's name.
    pub session: String,
    /// The process tmux started in it last.
    pub pid: Pid,
    /// The name of the program in its foreground, as tmux tells it.
    pub command: String,
}

/// A text that names no pane.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' names no pane: expected a session's name, NAME:WINDOW.PANE by their numbers, or %N", .0.escape_debug())]
pub struct InvalidPaneTarget(String);

impl PaneTarget {
    /// The first pane of an agent's session, as a target.
    #[must_use]
    pub fn agent(agent: &AgentName) -> Self {
        Self::Of { session: agent.as_str().to_owned(), window: None, pane: None }
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
        Ok(Self::Of { session: session.to_owned(), window: index(window)?, pane: index(pane)? })
    }
}

impl fmt::Display for PaneTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Of { session, window, pane } => {
                write!(f, "={session}:")?;
                window.map_or(Ok(()), |window| write!(f, "{window}"))?;
                pane.map_or(Ok(()), |pane| write!(f, ".{pane}"))
            }
        }
    }
}

impl Server {
    /// Finds a pane among all panes of the server; `None` if there is none such, or no server.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub fn find_pane(&self, target: &PaneTarget) -> Result<Option<FoundPane>, TmuxError> {
        match self.ask("list-panes", ["-a", "-F", FORMAT]) {
            Ok(listed) => Ok(find(target, &listed)),
            Err(TmuxError::NoServer { .. }) => Ok(None),
            Err(TmuxError::Refused { message, .. }) if crate::session::is_missing(&message) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

const FORMAT: &str =
    "#{pane_id}\t#{pane_pid}\t#{window_index}\t#{pane_index}\t#{pane_current_command}\t#{session_name}";

/// The pane that is meant; of several the oldest one, which is where an agent is: a person may have opened
/// others before and behind it.
fn find(target: &PaneTarget, listed: &str) -> Option<FoundPane> {
    let panes = listed.lines().filter_map(|line| {
        let fields: Vec<&str> = line.splitn(6, '\t').collect();
        let [id, pid, window, pane, command, session]: [&str; 6] = fields.try_into().ok()?;
        let id: PaneId = id.parse().ok()?;
        let matches = match target {
            PaneTarget::Id(wanted) => *wanted == id,
            PaneTarget::Of { session: wanted, window: of_window, pane: of_pane } => {
                let is = |wanted: &Option<u32>, index: &str| wanted.is_none_or(|wanted| index.parse() == Ok(wanted));
                wanted == session && is(of_window, window) && is(of_pane, pane)
            }
        };
        let found = FoundPane { id, session: session.to_owned(), pid: pid.parse().ok()?, command: command.to_owned() };
        matches.then_some(found)
    });
    panes.min_by_key(|pane| pane.id)
}

#[cfg(test)]
mod tests {
    use super::{PaneTarget, find};

    #[test]
    fn targets_are_read() {
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
    fn a_name_never_means_a_longer_one() {
        let listed = "%9\t70\t0\t0\tbash\tcoder01\n%4\t71\t0\t0\tpi\tcoder0\n%5\t72\t0\t1\tvim\tcoder0\n%6\t73\t2\t0\tless\tcoder0\n";
        let table = [
            ("coder0", Some("%4")),
            ("coder0:0.1", Some("%5")),
            ("coder0:2", Some("%6")),
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
