//! Capturing panes: what they show, and whether their programs accept input.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use mosaic_domain::Pid;

use crate::pane::parse_pane_pid;
use crate::tab_stops::expand_tabs;
use crate::{PaneId, Server, TmuxError};

/// The contents and state of a pane, all of the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedPane {
    /// The pane process, the one that tmux started last. `None` only if the pane is dead: tmux 3.8 then no longer reports
    /// it.
    pub pid: Option<Pid>,
    /// The pane process has ended and its terminal is closed.
    pub dead: bool,
    /// Keys do not reach the program, or not the program alone: the pane is in a mode such as copy mode, its
    /// input is synchronized with other panes, or its input is disabled.
    pub in_mode: bool,
    /// The width in columns.
    pub width: usize,
    /// The index in [`CapturedPane::lines`] of the line with the cursor.
    pub cursor_line: usize,
    /// The column of the cursor, counted from 0.
    pub cursor_column: usize,
    /// The path of the terminal, such as `/dev/pts/4`.
    pub terminal: PathBuf,
    /// The title that the program has given its terminal; the name of the host until it does.
    pub title: String,
    /// The lines, with escape sequences for colors and attributes, and with blanks in place of tabs: the end of the
    /// history, then the whole screen.
    pub lines: Vec<String>,
    /// The number of these lines that belong to the history.
    pub history: usize,
    /// The number of all lines of the history: how far the screen has scrolled.
    pub scrolled: usize,
}

impl CapturedPane {
    /// The format of the state that [`CapturedPane::parse`] parses: fields separated by tabs.
    pub(crate) const FORMAT: &str = "#{pane_pid}\t#{pane_dead}\t#{?#{||:#{pane_in_mode},#{||:#{pane_synchronized},#{pane_input_off}}},1,0}\t#{pane_width}\t#{pane_height}\t#{cursor_x}\t#{cursor_y}\t#{history_size}\t#{pane_tty}\t#{pane_title}";

    /// Parses tmux's answers to [`CapturedPane::FORMAT`] and to `capture-pane`. `None` if the pane does not
    /// exist.
    pub(crate) fn parse(state: &str, lines: Vec<String>) -> Option<Self> {
        let fields: Vec<&str> = state.splitn(10, '\t').collect();
        let [pid, dead, in_mode, width, height, column, row, scrolled, terminal, title] = fields.try_into().ok()?;
        // The screen is the last rows of the capture; the rest is history, which may be shorter than asked for.
        let history = lines.len().saturating_sub(height.parse().ok()?);
        let dead = dead == "1";
        Some(Self {
            pid: parse_pane_pid(pid, dead)?,
            dead,
            in_mode: in_mode == "1",
            width: width.parse().ok()?,
            cursor_line: history + row.parse::<usize>().ok()?,
            cursor_column: column.parse().ok()?,
            terminal: terminal.into(),
            title: title.to_owned(),
            lines: lines.into_iter().map(expand_tabs).collect(),
            history,
            scrolled: scrolled.parse().ok()?,
        })
    }
}

impl Server {
    /// Captures the screens of these panes, without their history, in one call. Panes that do not exist are
    /// left out.
    ///
    /// # Errors
    /// There is no server, or it does not answer.
    pub fn capture_screens(
        &self,
        panes: impl IntoIterator<Item = PaneId>,
    ) -> Result<HashMap<PaneId, CapturedPane>, TmuxError> {
        // The marker is unpredictable, so that no screen can contain it.
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let marker = format!("mosaic-screen-{}-{nanos}-", std::process::id());
        let mut commands = String::new();
        // One line for each pane, so that a pane that does not exist fails alone.
        for pane in panes {
            // Without the %, because display-message also expands strftime formats.
            let number = pane.to_string().replace('%', "");
            let state = format!("display-message -p -t {pane} '{}'", CapturedPane::FORMAT);
            let _ = writeln!(commands, "display-message -p {marker}{number} ; {state} ; capture-pane -p -e -t {pane}");
        }
        Ok(parse_screens(&self.run_script(&commands)?.printed, &marker))
    }
}

fn parse_screens(printed: &str, marker: &str) -> HashMap<PaneId, CapturedPane> {
    let mut captured = HashMap::new();
    let mut lines = printed.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(pane) = line.strip_prefix(marker).and_then(|number| format!("%{number}").parse().ok()) else {
            continue;
        };
        let state = lines.next().unwrap_or_default();
        let mut screen = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with(marker)) {
            screen.push(line.to_owned());
        }
        if let Some(capture) = CapturedPane::parse(state, screen) {
            captured.insert(pane, capture);
        }
    }
    captured
}

#[cfg(test)]
mod tests {
    use super::{CapturedPane, parse_screens};

    #[test]
    fn the_cursor_line_counts_from_the_first_line_of_history() {
        let lines: Vec<String> = ["old", "older", "$ x", ""].map(str::to_owned).into();
        let captured = CapturedPane::parse("77\t0\t0\t80\t2\t3\t0\t9\t/dev/pts/4\t◇ Ready\tx", lines).unwrap();
        assert_eq!((captured.history, captured.cursor_line, captured.cursor_column), (2, 2, 3));
        assert!(!captured.dead && !captured.in_mode);
        assert_eq!(captured.title, "◇ Ready\tx");
        let dead = CapturedPane::parse("\t1\t0\t80\t2\t3\t0\t9\t\t", vec!["x".to_owned()]).unwrap();
        assert_eq!((dead.pid, dead.dead), (None, true), "tmux 3.8");
    }

    #[test]
    fn a_missing_pane_is_none() {
        for state in ["", "\t\t0\t\t\t\t\t\t", "77\t0"] {
            assert_eq!(CapturedPane::parse(state, Vec::new()), None, "{state:?}");
        }
    }

    #[test]
    fn screens_are_assigned_to_their_panes_and_missing_ones_left_out() {
        let printed = "m-1\n813\t0\t0\t80\t2\t0\t1\t0\t/dev/pts/1\t\none\n\nm-2\n\nm-3\n\
            814\t0\t0\t80\t1\t0\t0\t0\t/dev/pts/2\thost\nthree\n";
        let mut captured: Vec<_> = parse_screens(printed, "m-").into_iter().collect();
        captured.sort_by_key(|(_, capture)| capture.pid);
        let read: Vec<_> = captured.iter().map(|(pane, capture)| (pane.to_string(), capture.lines.join("|"))).collect();
        assert_eq!(read, [("%1".to_owned(), "one|".to_owned()), ("%3".to_owned(), "three".to_owned())]);
    }
}
