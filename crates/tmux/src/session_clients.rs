//! Clients of an agent's session: one that types to the agent, one that is read-only, and one that follows what a pane
//! prints, every byte once and in order. None of them disturbs the agent.

use std::convert::Infallible;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus};

use mosaic_domain::{AgentName, Pid};
use mosaic_process::BoundedError;

use crate::control_client::{BindCommand, ControlClient, ControlLine};
use crate::session::exact_target;
use crate::{PaneId, Server, TmuxError};

/// A read-only client of an agent's session. It ends with this process.
#[derive(Debug)]
pub struct WatchClient {
    client: Child,
    /// A second client, which keeps the size of the agent's window; see [`Server::watch`].
    _anchor: ControlClient,
}

impl Server {
    /// Replaces this process with a client that types to the agent. It works inside another tmux too.
    ///
    /// # Errors
    /// tmux cannot be executed; on success the call does not return.
    pub fn exec_attach(&self, agent: &AgentName) -> Result<Infallible, TmuxError> {
        let error = self.client().args(["attach-session", "-t", &exact_target(agent)]).exec();
        Err(TmuxError::Run { program: self.program().to_owned(), source: BoundedError::Start(error) })
    }

    /// Starts a read-only client of the agent's session that does not resize its window.
    ///
    /// Despite its name, `ignore-size` does not prevent resizing while no other client has a say (tmux 3.3).
    /// A client in control mode, which has no size itself, is therefore attached first.
    ///
    /// # Errors
    /// The session is gone, or the server does not answer.
    pub fn watch(&self, agent: &AgentName, bind: BindCommand<'_>) -> Result<WatchClient, TmuxError> {
        let anchor = ControlClient::attach(self, &exact_target(agent), "read-only,no-output", bind)?;
        let mut command = self.client();
        command.args(["attach-session", "-f", "read-only,ignore-size", "-t", &exact_target(agent)]);
        let client = bind(&command).spawn().map_err(|error| TmuxError::Run {
            program: self.program().to_owned(),
            source: BoundedError::Start(error),
        })?;
        Ok(WatchClient { client, _anchor: anchor })
    }
}

impl WatchClient {
    /// The PID of the client. On SIGTERM the client restores the terminal.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        Pid::new(self.client.id())
    }

    /// Waits until the client has ended, because the user detached it or the session is gone.
    ///
    /// # Errors
    /// `wait` fails.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.client.wait()
    }
}

/// A pane whose output is followed.
#[derive(Debug)]
pub struct OutputFollower {
    client: ControlClient,
    pane: PaneId,
}

/// The contents of a pane at the moment from which on its output is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaneContents {
    /// The lines, history first, without the empty ones at the end.
    pub lines: Vec<String>,
    /// The column of the cursor, if it is in the last of these lines; further output then continues that line.
    pub cursor: Option<usize>,
}

/// What happened to a pane that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaneEvent {
    /// The pane printed these bytes.
    Output(Vec<u8>),
    /// Some output was lost, because this process read too slowly.
    Gap,
    /// The session or the server is gone. The text is tmux's reason, or empty.
    Ended(String),
}

impl Server {
    /// Follows a pane of the agent's session. Returns the contents of the pane at this moment, with at least
    /// `lines` lines if it has that many; the output after it follows without a gap. The agent never waits
    /// for this process: if it reads too slowly, it gets a [`PaneEvent::Gap`].
    ///
    /// # Errors
    /// The session is gone, or the server does not answer.
    pub fn follow(
        &self,
        agent: &AgentName,
        pane: PaneId,
        lines: usize,
        bind: BindCommand<'_>,
    ) -> Result<(PaneContents, OutputFollower), TmuxError> {
        let mut client = ControlClient::attach(self, &exact_target(agent), "read-only,ignore-size", bind)?;
        let cursor = format!("display-message -p -t {pane} '#{{cursor_x}} #{{cursor_y}} #{{pane_height}}'");
        let screen = format!("capture-pane -p -S -{lines} -t {pane}");
        let [cursor, screen] = client.run([&cursor, &screen])?;
        let contents = PaneContents::new(&cursor.concat(), screen);
        Ok((contents, OutputFollower { client, pane }))
    }
}

impl OutputFollower {
    /// Waits for the next event.
    pub fn next_event(&mut self) -> PaneEvent {
        loop {
            match self.client.next_line() {
                Some(ControlLine::Output(pane, bytes)) if pane == self.pane => return PaneEvent::Output(bytes),
                Some(ControlLine::Lost) => return PaneEvent::Gap,
                Some(ControlLine::Exit(reason)) => return PaneEvent::Ended(reason),
                Some(_) => {}
                None => return PaneEvent::Ended(String::new()),
            }
        }
    }
}

impl PaneContents {
    /// `cursor` has the column, the row, and the height of the pane.
    fn new(cursor: &str, mut lines: Vec<String>) -> Self {
        let mut numbers = cursor.split(' ').map(|number| number.parse::<usize>().ok());
        let (column, row, height) = (numbers.next().flatten(), numbers.next().flatten(), numbers.next().flatten());
        let below = row.zip(height).map(|(row, height)| height.saturating_sub(row));
        // The row is counted from the end, before the empty lines there are removed.
        let row = below.and_then(|below| lines.len().checked_sub(below));
        while lines.last().is_some_and(|line| line.trim_end().is_empty()) {
            lines.pop();
        }
        let in_last = row.is_some_and(|row| row + 1 == lines.len());
        Self { cursor: column.filter(|column| in_last && *column > 0), lines }
    }
}

#[cfg(test)]
mod tests {
    use super::PaneContents;

    #[test]
    fn the_cursor_counts_only_in_the_last_line() {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        // A pane of three lines, with one line of history.
        let table = [
            ("2 1 3", &["old", "one", "$", ""][..], &["old", "one", "$"][..], Some(2)),
            ("0 2 3", &["old", "one", "two", ""], &["old", "one", "two"], None),
            ("3 0 3", &["old", "one", "two", "three"], &["old", "one", "two", "three"], None),
            ("0 0 3", &["", "", ""], &[], None),
            ("", &["one"], &["one"], None),
        ];
        for (cursor, given, expected, column) in table {
            let contents = PaneContents::new(cursor, lines(given));
            assert_eq!(contents, PaneContents { lines: lines(expected), cursor: column }, "{cursor}");
        }
    }
}
