//! What a pane prints, from now on: every byte once, in order, and nothing of the agent disturbed.

use mosaic_domain::AgentName;

use crate::control_client::{Bind, ControlClient};
use crate::control_line::ControlLine;
use crate::session::exactly;
use crate::{PaneId, Server, TmuxError};

/// A pane that is listened to.
#[derive(Debug)]
pub struct Follower {
    client: ControlClient,
    pane: PaneId,
}

/// What the pane showed in the moment from which on it is listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its lines, history first, without the empty ones at the end.
    pub lines: Vec<String>,
    /// The cursor stands in the last of these lines, in this column: what comes next continues it.
    pub cursor: Option<usize>,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The pane printed this.
    Output(Vec<u8>),
    /// The pane printed more than was listened to: some of it is lost.
    Gap,
    /// Its session, or the server, is gone; tmux may say more.
    Ended(String),
}

impl Server {
    /// Listens to a pane of the agent's session. The agent never
    /// waits for us: who listens too slowly misses something, and is told. What it shows at that moment comes with it, at
    /// least `lines` lines if there are so many: there is no gap between that and what is heard.
    ///
    /// # Errors
    /// The session is gone, or the server does not answer.
    pub fn follow(
        &self,
        agent: &AgentName,
        pane: PaneId,
        lines: usize,
        bind: Bind<'_>,
    ) -> Result<(Shown, Follower), TmuxError> {
        let mut client = ControlClient::attach(self, &exactly(agent), "read-only,ignore-size", bind)?;
        let cursor = format!("display-message -p -t {pane} '#{{cursor_x}} #{{cursor_y}} #{{pane_height}}'");
        let screen = format!("capture-pane -p -S -{lines} -t {pane}");
        let [cursor, screen] = client.ask([&cursor, &screen])?;
        let shown = Shown::new(&cursor.concat(), screen);
        Ok((shown, Follower { client, pane }))
    }
}

impl Follower {
    /// Waits for what comes next.
    pub fn hear(&mut self) -> Heard {
        loop {
            match self.client.next() {
                Some(ControlLine::Output(pane, bytes)) if pane == self.pane => return Heard::Output(bytes),
                Some(ControlLine::Lost) => return Heard::Gap,
                Some(ControlLine::Exit(reason)) => return Heard::Ended(reason),
                Some(_) => {}
                None => return Heard::Ended(String::new()),
            }
        }
    }
}

impl Shown {
    fn new(cursor: &str, mut lines: Vec<String>) -> Self {
        let mut numbers = cursor.split(' ').map(|number| number.parse::<usize>().ok());
        let (column, row, height) = (numbers.next().flatten(), numbers.next().flatten(), numbers.next().flatten());
        let below = row.zip(height).map(|(row, height)| height.saturating_sub(row));
        // Counted before the empty lines at the end go.
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
    use super::Shown;

    #[test]
    fn the_cursor_counts_where_it_continues_the_last_line() {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        // History of one line, a pane of three.
        let table = [
            ("2 1 3", &["old", "one", "$", ""][..], &["old", "one", "$"][..], Some(2)),
            ("0 2 3", &["old", "one", "two", ""], &["old", "one", "two"], None),
            ("3 0 3", &["old", "one", "two", "three"], &["old", "one", "two", "three"], None),
            ("0 0 3", &["", "", ""], &[], None),
            ("", &["one"], &["one"], None),
        ];
        for (cursor, given, expected, column) in table {
            let shown = Shown::new(cursor, lines(given));
            assert_eq!(shown, Shown { lines: lines(expected), cursor: column }, "{cursor}");
        }
    }
}
