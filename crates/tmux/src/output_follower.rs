//! Following what a pane prints: every byte once and in order, without disturbing the agent.

use mosaic_domain::AgentName;

use crate::control_client::{BindCommand, ControlClient, ControlLine};
use crate::session::exact_target;
use crate::{PaneId, Server, TmuxError};

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
