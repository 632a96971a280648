//! Sessions: making, inspecting and removing them. The session of an agent has the agent's name; the holder's
//! session keeps the server alive.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::Command;
use std::slice;

use mosaic_domain::{AgentName, HolderSession, Pid};

use crate::server::server_environment;
use crate::{Pane, PaneId, Server, TmuxError};

/// The options with which a fleet's server is started: scope, name, value. The holder's unit sets the same
/// ones, and a test compares them.
///
/// Agents' user interfaces need extended keys (such as Shift-Enter), no delay after Escape, colors, and a long
/// history. The other options protect agents from a `~/.tmux.conf`: detached sessions stay, a client whose agent
/// ends is not switched to another agent, and the agent is always in window 0, pane 0. With the mouse, which is on by
/// default since tmux 3.7, one turn of the wheel would put the pane into copy mode, in which no message is typed.
pub const FLEET_OPTIONS: [(&str, &str, &str); 11] = [
    ("-s", "extended-keys", "on"),
    ("-s", "escape-time", "0"),
    ("-s", "exit-unattached", "off"),
    ("-g", "default-terminal", "tmux-256color"),
    ("-g", "history-limit", "20000"),
    ("-g", "destroy-unattached", "off"),
    ("-g", "detach-on-destroy", "on"),
    ("-g", "base-index", "0"),
    ("-gw", "pane-base-index", "0"),
    ("-gw", "aggressive-resize", "on"),
    ("-g", "mouse", "off"),
];

/// Whether making a session may start the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartServer {
    /// No, because the holder owns the server.
    Never,
    /// Yes, with the fleet's options and a minimal environment.
    IfAbsent,
}

/// A session to make.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// The agent, whose name the session gets.
    pub agent: &'a AgentName,
    /// The working directory of the session, for its further windows too.
    pub directory: &'a Path,
    /// The program of its pane and its arguments: at least two words, because tmux passes a single word to a
    /// shell.
    pub argv: &'a [OsString],
    /// Whether it may start the server.
    pub start_server: StartServer,
}

/// The result of making a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionCreation {
    /// The session was made.
    Created {
        /// The ID of its pane.
        pane: PaneId,
        /// The pane process.
        pid: Pid,
        /// The process of the tmux server.
        server: Pid,
    },
    /// A session of that name exists, and was left unchanged.
    AlreadyExists,
}

impl Server {
    /// Makes a session whose pane stays when its process ends. That takes one call to the server: with two calls,
    /// the exit status of a command that ends at once would be lost.
    ///
    /// # Errors
    /// There is no server and none may be started, or tmux fails.
    pub fn new_session(&self, session: &NewSession<'_>) -> Result<SessionCreation, TmuxError> {
        let mut command = match session.start_server {
            StartServer::Never => self.client(),
            StartServer::IfAbsent => self.fleet_server_client(),
        };
        command.args(["new-session", "-d", "-s", session.agent.as_str(), "-c"]).arg(escape_path(session.directory));
        command.args(["-P", "-F", "#{pane_id} #{pane_pid} #{pid}", "--"]).args(session.argv);
        command.args(KEEP_DEAD_PANE);
        match self.run_client("new-session", &mut command) {
            Ok(line) => parse_creation(&line).ok_or_else(|| TmuxError::CommandFailed {
                socket: self.socket().clone(),
                command: "new-session",
                message: format!("it answered '{}'", line.trim_end().escape_debug()),
            }),
            Err(TmuxError::CommandFailed { message, .. }) if message.starts_with("duplicate session") => {
                Ok(SessionCreation::AlreadyExists)
            }
            Err(error) => Err(error),
        }
    }

    /// The panes of the agent's session in which a process runs or ran, in the order of the windows. `None` if
    /// the session or the server does not exist.
    ///
    /// # Errors
    /// The call to tmux fails, or its answer contains no pane with a process.
    pub fn agent_panes(&self, agent: &AgentName) -> Result<Option<Vec<Pane>>, TmuxError> {
        match self.run("list-panes", ["-s", "-t", &exact_target(agent), "-F", Pane::FORMAT]) {
            Ok(listed) => {
                let panes: Vec<Pane> = listed.lines().filter_map(Pane::parse).collect();
                if panes.is_empty() {
                    let message =
                        format!("the session {agent} has no pane with a process: '{}'", listed.escape_debug());
                    return Err(TmuxError::CommandFailed {
                        socket: self.socket().clone(),
                        command: "list-panes",
                        message,
                    });
                }
                Ok(Some(panes))
            }
            Err(TmuxError::NoServer { .. }) => Ok(None),
            Err(TmuxError::CommandFailed { message, .. }) if is_missing(&message) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The present state of a pane. `None` if the pane, its session or the server is gone.
    ///
    /// # Errors
    /// The call to tmux fails.
    pub fn pane(&self, pane: PaneId) -> Result<Option<Pane>, TmuxError> {
        match self.run("display-message", ["-p", "-t", &pane.to_string(), Pane::FORMAT]) {
            // For a pane that does not exist, tmux answers with empty fields.
            Ok(line) => Ok(Pane::parse(line.trim_end_matches('\n')).filter(|found| found.id == pane)),
            Err(TmuxError::NoServer { .. }) => Ok(None),
            Err(TmuxError::CommandFailed { message, .. }) if is_missing(&message) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a pane stay when its process ends, for a session that was not made by [`Server::new_session`].
    ///
    /// # Errors
    /// The pane is gone, or the call to tmux fails.
    pub fn keep_dead_pane(&self, pane: PaneId) -> Result<(), TmuxError> {
        self.run("set-option", ["-w", "-t", &pane.to_string(), "remain-on-exit", "on"]).map(drop)
    }

    /// The last lines of a pane, at most `lines`, without the empty ones at the end. A line that the terminal wrapped is
    /// one line.
    ///
    /// # Errors
    /// The pane is gone, or the call to tmux fails.
    pub fn last_lines(&self, pane: PaneId, lines: usize) -> Result<Vec<String>, TmuxError> {
        let from = format!("-{lines}");
        let text = self.run("capture-pane", ["-p", "-J", "-S", &from, "-t", &pane.to_string()])?;
        let all: Vec<String> = text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect();
        Ok(all[all.len().saturating_sub(lines)..].to_vec())
    }

    /// Removes the agent's session. A missing session is not an error.
    ///
    /// # Errors
    /// The call to tmux fails.
    pub fn kill_session(&self, agent: &AgentName) -> Result<(), TmuxError> {
        self.kill_target_session(&exact_target(agent))
    }

    /// Removes the session that contains this pane, even if it was renamed, and never a newer session of the same
    /// name. A missing pane is not an error.
    ///
    /// # Errors
    /// The call to tmux fails.
    pub fn kill_session_containing(&self, pane: PaneId) -> Result<(), TmuxError> {
        self.kill_target_session(&pane.to_string())
    }

    fn kill_target_session(&self, target: &str) -> Result<(), TmuxError> {
        match self.run("kill-session", ["-t", target]) {
            Ok(_) | Err(TmuxError::NoServer { .. }) => Ok(()),
            Err(TmuxError::CommandFailed { message, .. }) if is_missing(&message) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The result of starting the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderStart {
    /// The session was made, and the server was started if it did not run.
    Started,
    /// The session existed.
    AlreadyRunning,
}

impl Server {
    /// Makes the holder's session, which keeps the server alive while no agent runs. Starts the server if it does
    /// not run, with the fleet's options and a minimal environment. Used where no unit owns the server.
    ///
    /// A running server keeps its options. A server that is started here, unlike that of the unit, ends with its
    /// last session, so that a stop need not check for sessions of others.
    ///
    /// # Errors
    /// The server cannot be started, or the call to tmux fails.
    pub fn start_holder(&self, session: &HolderSession) -> Result<HolderStart, TmuxError> {
        match self.restore_holder(session) {
            Err(TmuxError::NoServer { .. }) => self.make_holder(self.fleet_server_client(), session),
            made => made,
        }
    }

    /// Makes the holder's session on a server that runs.
    ///
    /// # Errors
    /// There is no server, or the call to tmux fails.
    pub fn restore_holder(&self, session: &HolderSession) -> Result<HolderStart, TmuxError> {
        self.make_holder(self.client(), session)
    }

    fn make_holder(&self, mut client: Command, session: &HolderSession) -> Result<HolderStart, TmuxError> {
        // Two words after `--`, because tmux passes a single word to a shell.
        client.args(["new-session", "-d", "-s", session.as_str(), "-c", "/", "--", "sleep", "infinity"]);
        match self.run_client("new-session", &mut client) {
            Ok(_) => Ok(HolderStart::Started),
            Err(TmuxError::CommandFailed { message, .. }) if message.starts_with("duplicate session") => {
                Ok(HolderStart::AlreadyRunning)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes the holder's session. A missing session is not an error. The server ends too, unless another
    /// session or the unit's options keep it.
    ///
    /// # Errors
    /// The call to tmux fails.
    pub fn stop_holder(&self, session: &HolderSession) -> Result<(), TmuxError> {
        self.kill_target_session(&format!("={session}:"))
    }

    /// A command line that starts the server if it does not run, with the fleet's options and a minimal
    /// environment. The command to run on the server is to be appended.
    fn fleet_server_client(&self) -> Command {
        let mut command = self.starting_client();
        command.env_clear().envs(server_environment()).arg("start-server");
        for (scope, name, value) in FLEET_OPTIONS {
            command.args([";", "set-option", scope, name, value]);
        }
        command.arg(";");
        command
    }
}

/// Appended to the command that makes a session, so that it applies to the new window. The second option keeps
/// tmux's message "Pane is dead" out of the agent's last lines (tmux 3.3 and later).
const KEEP_DEAD_PANE: [&str; 10] =
    [";", "set-option", "-w", "remain-on-exit", "on", ";", "set-option", "-wq", "remain-on-exit-format", ""];

/// The target of exactly this session. tmux matches a bare name, and in some commands `=name`, as a prefix.
pub(crate) fn exact_target(agent: &AgentName) -> String {
    format!("={agent}:")
}

/// Returns whether this error message means that the target does not exist. tmux writes the second message when it
/// has no session at all, which is the case just before it ends.
pub(crate) fn is_missing(message: &str) -> bool {
    message.starts_with("can't find") || message == "no current target"
}

/// Escapes a path for tmux, which would expand `#{…}`, run `#(…)`, and take a `;` at the end as the end of the
/// command. It does not expand `#` before a `[`, which begins a style.
fn escape_path(path: &Path) -> OsString {
    let path = path.as_os_str().as_bytes();
    let mut bytes = Vec::new();
    for (at, byte) in path.iter().enumerate() {
        let begins_style = path[at..].iter().find(|byte| **byte != b'#') == Some(&b'[');
        bytes.extend_from_slice(if *byte == b'#' && !begins_style { b"##" } else { slice::from_ref(byte) });
    }
    if bytes.last() == Some(&b';') {
        bytes.pop();
        bytes.extend_from_slice(b"\\;");
    }
    OsString::from_vec(bytes)
}

fn parse_creation(line: &str) -> Option<SessionCreation> {
    let mut fields = line.split_whitespace();
    let pane = fields.next()?.parse().ok()?;
    let pid = fields.next()?.parse().ok()?;
    let server = fields.next()?.parse().ok()?;
    Some(SessionCreation::Created { pane, pid, server })
}

#[cfg(test)]
mod tests {
    use super::escape_path;
    use std::path::Path;

    #[test]
    fn paths_are_escaped() {
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
            assert_eq!(escape_path(Path::new(path)), expected);
        }
    }
}
