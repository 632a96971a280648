//! Sessions: made, looked at, read, removed. An agent's session has the agent's name.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::slice;

use mosaic_domain::{AgentName, Pid};

use crate::server::server_environment;
use crate::{FLEET_OPTIONS, Pane, PaneId, Server, TmuxError};

/// May a session's creation start the server?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartServer {
    /// No: the holder owns it.
    Never,
    /// Yes, with the fleet's options and an environment that is nobody's.
    IfAbsent,
}

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// Its name.
    pub agent: &'a AgentName,
    /// tmux's idea of where new windows of the session start.
    pub directory: &'a Path,
    /// The program of its one pane and its arguments: at least two words, or tmux hands a single
    /// one to a shell.
    pub argv: &'a [OsString],
    /// May it start the server?
    pub start_server: StartServer,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The session is there, and new.
    New {
        /// Its pane.
        pane: PaneId,
        /// The process that tmux started in it.
        pid: Pid,
        /// The tmux server's process.
        server: Pid,
    },
    /// There was a session of that name already; it was not touched.
    Duplicate,
}

impl Server {
    /// Makes a session whose pane stays when its process ends, in one call to the server: with two,
    /// a command that ends at once would take its exit status along.
    ///
    /// # Errors
    /// There is no server (and none may be started), or tmux refuses.
    pub fn new_session(&self, wanted: &NewSession<'_>) -> Result<Created, TmuxError> {
        let mut command = match wanted.start_server {
            StartServer::Never => self.client(),
            StartServer::IfAbsent => {
                let mut command = self.any_client();
                command.env_clear().envs(server_environment()).arg("start-server");
                for (scope, name, value) in FLEET_OPTIONS {
                    command.args([";", "set-option", scope, name, value]);
                }
                command.arg(";");
                command
            }
        };
        command.args(["new-session", "-d", "-s", wanted.agent.as_str(), "-c"]).arg(literally(wanted.directory));
        command.args(["-P", "-F", "#{pane_id} #{pane_pid} #{pid}", "--"]).args(wanted.argv);
        command.args(KEEP_DEAD_PANE);
        match self.answer("new-session", &mut command) {
            Ok(line) => parse_created(&line).ok_or_else(|| TmuxError::Refused {
                socket: self.socket().clone(),
                command: "new-session",
                message: format!("it answered '{}'", line.trim_end().escape_debug()),
            }),
            Err(TmuxError::Refused { message, .. }) if message.starts_with("duplicate session") => {
                Ok(Created::Duplicate)
            }
            Err(error) => Err(error),
        }
    }

    /// The panes of the agent's session in which a process runs or ran, first window first. `None`
    /// if there is no such session, or no server.
    ///
    /// # Errors
    /// The server cannot be asked, or its answer holds no pane with a process.
    pub fn agent_panes(&self, agent: &AgentName) -> Result<Option<Vec<Pane>>, TmuxError> {
        match self.ask("list-panes", ["-s", "-t", &exactly(agent), "-F", Pane::FORMAT]) {
            Ok(listed) => {
                let panes: Vec<Pane> = listed.lines().filter_map(Pane::parse).collect();
                if panes.is_empty() {
                    let message =
                        format!("the session {agent} has no pane with a process: '{}'", listed.escape_debug());
                    return Err(TmuxError::Refused { socket: self.socket().clone(), command: "list-panes", message });
                }
                Ok(Some(panes))
            }
            Err(TmuxError::NoServer { .. }) => Ok(None),
            Err(TmuxError::Refused { message, .. }) if is_missing(&message) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Looks at one pane again; `None` if it is gone with its session, or with the server.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub fn pane(&self, pane: PaneId) -> Result<Option<Pane>, TmuxError> {
        match self.ask("display-message", ["-p", "-t", &pane.to_string(), Pane::FORMAT]) {
            // Asked for a pane that is not there, it answers with the format's empty fields.
            Ok(line) => Ok(Pane::parse(line.trim_end_matches('\n')).filter(|found| found.id == pane)),
            Err(TmuxError::NoServer { .. }) => Ok(None),
            Err(TmuxError::Refused { message, .. }) if is_missing(&message) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the pane of a session that somebody else made stay when its process ends.
    ///
    /// # Errors
    /// The pane is gone, or the server cannot be asked.
    pub fn keep_dead_pane(&self, pane: PaneId) -> Result<(), TmuxError> {
        self.ask("set-option", ["-w", "-t", &pane.to_string(), "remain-on-exit", "on"]).map(drop)
    }

    /// The last lines of a pane, at most `lines` of them, without the empty ones at its end.
    ///
    /// # Errors
    /// The pane is gone, or the server cannot be asked.
    pub fn last_lines(&self, pane: PaneId, lines: usize) -> Result<Vec<String>, TmuxError> {
        let from = format!("-{lines}");
        let text = self.ask("capture-pane", ["-p", "-S", &from, "-t", &pane.to_string()])?;
        let all: Vec<String> = text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect();
        Ok(all[all.len().saturating_sub(lines)..].to_vec())
    }

    /// Removes the agent's session, and no other; that it is not there is no error.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub fn kill_session(&self, agent: &AgentName) -> Result<(), TmuxError> {
        self.kill_session_at(&exactly(agent))
    }

    /// Removes the session that this pane is in, whatever its name is by now, and none that was made
    /// since; that it is not there is no error.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub fn kill_session_of(&self, pane: PaneId) -> Result<(), TmuxError> {
        self.kill_session_at(&pane.to_string())
    }

    pub(crate) fn kill_session_at(&self, target: &str) -> Result<(), TmuxError> {
        match self.ask("kill-session", ["-t", target]) {
            Ok(_) | Err(TmuxError::NoServer { .. }) => Ok(()),
            Err(TmuxError::Refused { message, .. }) if is_missing(&message) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Appended to the command that makes a session, so that it concerns the new window. The second
/// option keeps tmux's own "Pane is dead" out of the agent's last lines (tmux 3.3 and later).
const KEEP_DEAD_PANE: [&str; 10] =
    [";", "set-option", "-w", "remain-on-exit", "on", ";", "set-option", "-wq", "remain-on-exit-format", ""];

/// A target that is this session or none: a bare name, and `=name` in some commands, is taken for
/// a prefix.
pub(crate) fn exactly(agent: &AgentName) -> String {
    format!("={agent}:")
}

/// What tmux says of a target that is not there; the second while it has no session at all, as in the
/// moment before it ends for that.
pub(crate) fn is_missing(message: &str) -> bool {
    message.starts_with("can't find") || message == "no current target"
}

/// A path as an argument that tmux takes for just that: it would expand `#{…}`, run `#(…)`, and take
/// a `;` at the end for the end of the command. Only in front of a `[` it leaves every `#` alone,
/// because that begins a style.
fn literally(path: &Path) -> OsString {
    let given = path.as_os_str().as_bytes();
    let mut bytes = Vec::new();
    for (at, byte) in given.iter().enumerate() {
        let of_a_style = given[at..].iter().find(|byte| **byte != b'#') == Some(&b'[');
        bytes.extend_from_slice(if *byte == b'#' && !of_a_style { b"##" } else { slice::from_ref(byte) });
    }
    if bytes.last() == Some(&b';') {
        bytes.pop();
        bytes.extend_from_slice(b"\\;");
    }
    OsString::from_vec(bytes)
}

fn parse_created(line: &str) -> Option<Created> {
    let mut fields = line.split_whitespace();
    let pane = fields.next()?.parse().ok()?;
    let pid = fields.next()?.parse().ok()?;
    let server = fields.next()?.parse().ok()?;
    Some(Created::New { pane, pid, server })
}

#[cfg(test)]
mod tests {
    use super::literally;
    use std::path::Path;

    #[test]
    fn tmux_reads_nothing_into_a_path() {
        let table = [
            ("/a b", "/a b"),
            ("/#(touch x)", "/##(touch x)"),
            ("/##{pid}", "/####{pid}"),
            ("/#[fg=red]#", "/#[fg=red]##"),
            ("/##[", "/##["),
            ("/x;", "/x\\;"),
            ("/a;b", "/a;b"),
        ];
        for (path, expected) in table {
            assert_eq!(literally(Path::new(path)), expected);
        }
    }
}
