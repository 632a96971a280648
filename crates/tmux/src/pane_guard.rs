//! What has to hold when input is typed into a pane. The server checks it in the same step.

use std::fmt::Write as _;

use mosaic_domain::Pid;

use crate::CapturedPane;

/// The conditions under which input is typed: the pane still runs the process, and may have to show what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaneGuard {
    pid: Pid,
    shown: Option<String>,
    cursor: Option<Cursor>,
}

/// Where the cursor was, and how many lines had scrolled off the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    column: usize,
    row: usize,
    history: usize,
}

impl PaneGuard {
    /// The pane runs this process.
    #[must_use]
    pub fn new(pid: Pid) -> Self {
        Self { pid, shown: None, cursor: None }
    }

    /// The pane also shows this line, as far as its letters, digits and blanks go.
    #[must_use]
    pub fn showing(self, line: &str) -> Self {
        let mut glob = String::new();
        // A program may write several blanks in another way, for example as a tab.
        for character in line.trim().replace("  ", "\t").chars() {
            match character {
                plain if plain.is_ascii_alphanumeric() || plain == ' ' => glob.push(plain),
                _ if glob.ends_with('*') => {}
                _ => glob.push('*'),
            }
        }
        let shown = Some(glob).filter(|glob| glob.chars().any(|character| character.is_ascii_alphanumeric()));
        Self { shown, ..self }
    }

    /// The pane has also printed nothing since this capture, as far as its cursor tells.
    #[must_use]
    pub fn with_cursor_of(self, captured: &CapturedPane) -> Self {
        let row = captured.cursor_line.saturating_sub(captured.history);
        let cursor = Cursor { column: captured.cursor_column, row, history: captured.scrolled };
        Self { cursor: Some(cursor), ..self }
    }

    /// The condition in tmux's format language, within single quotes.
    pub(crate) fn condition(&self) -> String {
        let alive = format!("#{{&&:#{{==:#{{pane_pid}},{}}},#{{==:#{{pane_dead}},0}}}}", self.pid);
        let diverted = "#{||:#{pane_in_mode},#{||:#{pane_synchronized},#{pane_input_off}}}";
        let mut condition = format!("#{{&&:{alive},#{{?{diverted},0,1}}}}");
        if let Some(glob) = &self.shown {
            condition = format!("#{{&&:{condition},#{{?#{{C:{glob}}},1,0}}}}");
        }
        if let Some(Cursor { column, row, history }) = self.cursor {
            let mut place = String::new();
            let _ = write!(place, "#{{==:#{{cursor_x}}-#{{cursor_y}}-#{{history_size}},{column}-{row}-{history}}}");
            condition = format!("#{{&&:{condition},{place}}}");
        }
        condition
    }
}

#[cfg(test)]
mod tests {
    use mosaic_domain::Pid;

    use super::PaneGuard;

    #[test]
    fn a_shown_line_is_searched_for_by_its_letters_digits_and_blanks() {
        let guard = |line: &str| PaneGuard::new(Pid::new(7).unwrap()).showing(line).shown;
        let table = [
            ("  ❯ 1. Yes, and don't ask", Some("* 1* Yes* and don*t ask")),
            ("│ > x │", Some("* * x *")),
            ("────", None),
            ("", None),
            ("a#{pane_pid}:,'\"b", Some("a*pane*pid*b")),
        ];
        for (line, expected) in table {
            assert_eq!(guard(line).as_deref(), expected, "{line}");
        }
    }
}
