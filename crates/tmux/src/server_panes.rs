//! Every session of a server at once: what an observer asks for, in one call.

use mosaic_domain::{ExitVerdict, Pid};

use crate::session::is_missing;
use crate::{PaneId, Server, TmuxError};

/// What a tmux server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPanes {
    /// The server's process; a server without a single session does not say.
    pub server: Option<Pid>,
    /// When it started, in seconds since 1970.
    pub started: Option<i64>,
    /// One pane of each session: its first window's first one, where an agent is.
    pub sessions: Vec<SessionPane>,
}

/// The first pane of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPane {
    /// The session's name.
    pub session: String,
    /// The pane.
    pub id: PaneId,
    /// The process tmux started in it last.
    pub pid: Pid,
    /// That process is gone and its terminal closed.
    pub dead: bool,
    /// How the process ended, once tmux has waited for it.
    pub verdict: Option<ExitVerdict>,
    /// When its window printed last, in seconds since 1970.
    pub last_output: i64,
}

/// Fields separated by tabs. The session's name is the last: it is the only one that may hold anything.
/// Each variable costs the server microseconds a pane, so how panes ended is asked apart, if one has.
const PANE: &str = "#{pane_id}\t#{pane_pid}\t#{pane_dead}\t#{window_activity}\t#{session_name}";

/// How a dead pane ended.
const END: &str = "#{pane_id}\t#{pane_pid}\t#{pane_dead_status}\t#{pane_dead_signal}";

/// The last line of the answer: the server's own variables are the same for every pane.
const SERVER: &str = "#{pid}\t#{start_time}";

impl Server {
    /// All sessions of the server; `None` if there is no server.
    ///
    /// # Errors
    /// It cannot be asked, or its answer is not understood.
    pub fn all_panes(&self) -> Result<Option<ServerPanes>, TmuxError> {
        let mut panes = match self.ask("list-panes", ["-a", "-F", PANE, ";", "display-message", "-p", SERVER]) {
            Ok(listed) => parse(&listed).ok_or_else(|| TmuxError::Refused {
                socket: self.socket().clone(),
                command: "list-panes",
                message: format!("it answered '{}'", listed.escape_debug().take(200).collect::<String>()),
            })?,
            Err(TmuxError::NoServer { .. }) => return Ok(None),
            // Without a single session it has nothing to tell a message about.
            Err(TmuxError::Refused { message, .. }) if is_missing(&message) => {
                return Ok(Some(ServerPanes { server: None, started: None, sessions: Vec::new() }));
            }
            Err(error) => return Err(error),
        };
        if panes.sessions.iter().any(|pane| pane.dead) {
            // One that was respawned meanwhile is another process; without an answer nobody knows how they ended.
            let ends = self.ask("list-panes", ["-a", "-f", "#{pane_dead}", "-F", END]).unwrap_or_default();
            for pane in panes.sessions.iter_mut().filter(|pane| pane.dead) {
                pane.verdict = end_of(&ends, pane);
            }
        }
        Ok(Some(panes))
    }
}

/// How a pane's process ended, in the list of all that did.
fn end_of(ends: &str, pane: &SessionPane) -> Option<ExitVerdict> {
    ends.lines().find_map(|line| {
        let mut fields = line.split('\t');
        let [id, pid, status, signal] = std::array::from_fn(|_| fields.next());
        let same = id?.parse() == Ok(pane.id) && pid?.parse() == Ok(pane.pid);
        same.then(|| ExitVerdict::of_pane(status?, signal?)).flatten()
    })
}

/// Reads the list, which goes by session, window and pane, and the line of the server behind it.
fn parse(answer: &str) -> Option<ServerPanes> {
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
        // A pane that tmux has not started a process in yet has none.
        let Ok(pid) = pid?.parse() else { continue };
        sessions.push(SessionPane {
            session: session.to_owned(),
            id: id?.parse().ok()?,
            pid,
            dead: dead? == "1",
            verdict: None,
            last_output: last_output?.parse().unwrap_or_default(),
        });
    }
    Some(ServerPanes { server: Some(server.parse().ok()?), started: Some(started.parse().ok()?), sessions })
}

#[cfg(test)]
mod tests {
    use super::{end_of, parse};
    use mosaic_domain::{ExitVerdict, Pid};

    // Captured from tmux 3.3a: coder0 has two windows, coder1 is dead, and one session has an odd name.
    const LISTED: &str = "%0\t813\t0\t1763650000\t_holder\n\
        %4\t18960\t0\t1763653688\tcoder0\n\
        %9\t19001\t0\t1763653690\tcoder0\n\
        %5\t18970\t1\t1763653600\tcoder1\n\
        %6\t18980\t0\t1763653600\tmy notes\t2\n812\t1763650000\n";

    #[test]
    fn each_session_is_read_by_its_first_pane() {
        let panes = parse(LISTED).unwrap();
        assert_eq!((panes.server.map(Pid::get), panes.started), (Some(812), Some(1_763_650_000)));
        let read: Vec<_> =
            panes.sessions.iter().map(|pane| (pane.session.as_str(), pane.pid.get(), pane.dead)).collect();
        let expected =
            [("_holder", 813, false), ("coder0", 18960, false), ("coder1", 18970, true), ("my notes\t2", 18980, false)];
        assert_eq!(read, expected);
        assert_eq!(panes.sessions[1].last_output, 1_763_653_688);
    }

    #[test]
    fn the_end_of_a_pane_is_that_of_the_process_that_was_in_it() {
        let panes = parse(LISTED).unwrap();
        let table = [
            ("%9\t18970\t\t9\n%5\t18970\t\t15\n", Some(ExitVerdict::Signal(15))),
            ("%5\t18970\t7\t\n", Some(ExitVerdict::Code(7))),
            ("%5\t18970\t\t\n", None),
            ("%5\t18971\t7\t\n", None),
            ("", None),
        ];
        for (ends, expected) in table {
            assert_eq!(end_of(ends, &panes.sessions[2]), expected, "{ends:?}");
        }
    }

    #[test]
    fn a_server_may_have_no_pane() {
        let panes = parse("812\t1763650000\n").unwrap();
        assert_eq!((panes.server.map(Pid::get), panes.sessions.len()), (Some(812), 0));
    }

    #[test]
    fn an_answer_in_another_form_is_not_taken_for_an_empty_server() {
        for other in ["", "\n", "%0 813 coder0\n", "%0\t813\n812\t1763650000\n"] {
            assert_eq!(parse(other), None, "{other:?}");
        }
    }
}
