//! All sessions of a server, listed in one call.

use mosaic_domain::{ExitVerdict, Pid};

use crate::pane::parse_pane_pid;
use crate::session::is_missing;
use crate::{PaneId, Server, TmuxError};

/// The sessions of a tmux server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionList {
    /// The process of the server. `None` if it has no session.
    pub server: Option<Pid>,
    /// The start time of the server, in seconds since 1970. `None` if it has no session.
    pub started: Option<i64>,
    /// The first pane of each session's first window, in which an agent runs.
    pub sessions: Vec<SessionPane>,
}

/// The first pane of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPane {
    /// The name of the session.
    pub session: String,
    /// The ID of the pane.
    pub id: PaneId,
    /// The pane process, the one that tmux started last. `None` only if the pane is dead: tmux 3.8 then no longer reports
    /// it.
    pub pid: Option<Pid>,
    /// The pane process has ended and its terminal is closed.
    pub dead: bool,
    /// How the pane process ended, once tmux has waited for it.
    pub verdict: Option<ExitVerdict>,
    /// The time of the last output in the window, in seconds since 1970.
    pub last_output: i64,
}

/// The fields of a pane, separated by tabs. The session's name comes last, because it alone may contain a tab.
/// Each variable costs the server microseconds per pane, so the exit status is queried separately, and only if a
/// pane is dead.
const PANE_FORMAT: &str = "#{pane_id}\t#{pane_pid}\t#{pane_dead}\t#{window_activity}\t#{session_name}";

/// The exit status of a dead pane.
const EXIT_FORMAT: &str = "#{pane_id}\t#{pane_pid}\t#{pane_dead_status}\t#{pane_dead_signal}";

/// The last line of the answer, with the variables that are the same for every pane.
const SERVER_FORMAT: &str = "#{pid}\t#{start_time}";

impl Server {
    /// Lists all sessions of the server. `None` if there is no server.
    ///
    /// # Errors
    /// The call to tmux fails, or its answer has an unexpected form.
    pub fn list_sessions(&self) -> Result<Option<SessionList>, TmuxError> {
        let mut list =
            match self.run("list-panes", ["-a", "-F", PANE_FORMAT, ";", "display-message", "-p", SERVER_FORMAT]) {
                Ok(listed) => parse(&listed).ok_or_else(|| TmuxError::CommandFailed {
                    socket: self.socket().clone(),
                    command: "list-panes",
                    message: format!("it answered '{}'", listed.escape_debug().take(200).collect::<String>()),
                })?,
                Err(TmuxError::NoServer { .. }) => return Ok(None),
                // Without a session, display-message has no target.
                Err(TmuxError::CommandFailed { message, .. }) if is_missing(&message) => {
                    return Ok(Some(SessionList { server: None, started: None, sessions: Vec::new() }));
                }
                Err(error) => return Err(error),
            };
        if list.sessions.iter().any(|pane| pane.dead) {
            // If this call fails, the exit verdicts stay unknown.
            let exits = self.run("list-panes", ["-a", "-f", "#{pane_dead}", "-F", EXIT_FORMAT]).unwrap_or_default();
            for pane in list.sessions.iter_mut().filter(|pane| pane.dead) {
                pane.verdict = exit_verdict(&exits, pane);
            }
        }
        Ok(Some(list))
    }
}

/// Finds the exit verdict of a pane process among the answers to [`EXIT_FORMAT`]. A pane that was respawned
/// meanwhile has another process.
fn exit_verdict(exits: &str, pane: &SessionPane) -> Option<ExitVerdict> {
    exits.lines().find_map(|line| {
        let mut fields = line.split('\t');
        let [id, pid, status, signal] = std::array::from_fn(|_| fields.next());
        let same = parse_pane_pid(pid?, true) == Some(pane.pid) && id?.parse() == Ok(pane.id);
        same.then(|| ExitVerdict::from_tmux(status?, signal?)).flatten()
    })
}

/// Parses the list, which is ordered by session, window and pane, and the line of the server after it.
fn parse(answer: &str) -> Option<SessionList> {
    let (listed, server) = answer.trim_end_matches('\n').rsplit_once('\n').unwrap_or(("", answer.trim_end()));
    let (server, started) = server.split_once('\t')?;
    let mut sessions: Vec<SessionPane> = Vec::new();
    for line in listed.lines() {
        let mut fields = line.splitn(5, '\t');
        let [id, pid, dead, last_output, session] = std::array::from_fn(|_| fields.next());
        let session = session?;
        if sessions.last().is_some_and(|last| last.session == session) {
            continue;
        }
        let dead = dead? == "1";
        // A pane has no PID until tmux has started its process.
        let Some(pid) = parse_pane_pid(pid?, dead) else { continue };
        sessions.push(SessionPane {
            session: session.to_owned(),
            id: id?.parse().ok()?,
            pid,
            dead,
            verdict: None,
            last_output: last_output?.parse().unwrap_or_default(),
        });
    }
    Some(SessionList { server: Some(server.parse().ok()?), started: Some(started.parse().ok()?), sessions })
}

#[cfg(test)]
mod tests {
    use super::{exit_verdict, parse};
    use mosaic_domain::{ExitVerdict, Pid};

    // Captured from tmux 3.3a. coder0 has two windows, coder1 is dead, and the name of one session contains a tab.
    const LISTED: &str = "%0\t813\t0\t1763650000\t_holder\n\
        %4\t18960\t0\t1763653688\tcoder0\n\
        %9\t19001\t0\t1763653690\tcoder0\n\
        %5\t18970\t1\t1763653600\tcoder1\n\
        %6\t18980\t0\t1763653600\tmy notes\t2\n812\t1763650000\n";

    #[test]
    fn the_first_pane_of_each_session_is_listed() {
        let panes = parse(LISTED).unwrap();
        assert_eq!((panes.server.map(Pid::get), panes.started), (Some(812), Some(1_763_650_000)));
        let read: Vec<_> = panes
            .sessions
            .iter()
            .map(|pane| (pane.session.as_str(), pane.pid.map_or(0, Pid::get), pane.dead))
            .collect();
        let expected =
            [("_holder", 813, false), ("coder0", 18960, false), ("coder1", 18970, true), ("my notes\t2", 18980, false)];
        assert_eq!(read, expected);
        assert_eq!(panes.sessions[1].last_output, 1_763_653_688);
    }

    #[test]
    fn the_exit_verdict_belongs_to_the_process_of_the_pane() {
        let panes = parse(LISTED).unwrap();
        let table = [
            ("%9\t18970\t\t9\n%5\t18970\t\t15\n", Some(ExitVerdict::Signal(15))),
            ("%5\t18970\t7\t\n", Some(ExitVerdict::Code(7))),
            ("%5\t18970\t\t\n", None),
            ("%5\t18971\t7\t\n", None),
            ("", None),
        ];
        for (exits, expected) in table {
            assert_eq!(exit_verdict(exits, &panes.sessions[2]), expected, "{exits:?}");
        }
    }

    /// Captured from tmux 3.8, which no longer reports the process of a dead pane.
    #[test]
    fn a_dead_pane_may_have_no_process() {
        let answer = "%0\t813\t0\t1763650000\t_holder\n%1\t\t1\t1763653600\tcoder1\n%2\t\t0\t1763653600\tnew\n\
            812\t1763650000\n";
        let panes = parse(answer).unwrap();
        let read: Vec<_> = panes.sessions.iter().map(|pane| (pane.session.as_str(), pane.pid, pane.dead)).collect();
        assert_eq!(read, [("_holder", Pid::new(813), false), ("coder1", None, true)]);
        let table = [
            ("%9\t\t\t9\n%1\t\t7\t\n", Some(ExitVerdict::Code(7))),
            ("%1\t\t\t15\n", Some(ExitVerdict::Signal(15))),
            ("%1\t18970\t7\t\n", None),
        ];
        for (exits, expected) in table {
            assert_eq!(exit_verdict(exits, &panes.sessions[1]), expected, "{exits:?}");
        }
    }

    #[test]
    fn a_server_may_have_no_session() {
        let panes = parse("812\t1763650000\n").unwrap();
        assert_eq!((panes.server.map(Pid::get), panes.sessions.len()), (Some(812), 0));
    }

    #[test]
    fn an_answer_of_another_form_is_an_error() {
        for other in ["", "\n", "%0 813 coder0\n", "%0\t813\n812\t1763650000\n"] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }
}
