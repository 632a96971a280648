//! What a pane shows, and what of it decides whether something may be typed into it.

use std::path::PathBuf;

use mosaic_domain::Pid;

/// One look at a pane: all of it is of the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaneSight {
    /// The process tmux started in it last.
    pub pid: Pid,
    /// That process is gone and its terminal closed.
    pub dead: bool,
    /// Keys do not go to the program, or not to it alone: the pane is in a mode, copy mode say, or
    /// synchronised with others, or its input is switched off.
    pub in_mode: bool,
    /// Its width in columns.
    pub width: usize,
    /// The line of [`PaneSight::lines`] in which the cursor stands.
    pub cursor_line: usize,
    /// The column in which the cursor stands, counted from 0.
    pub cursor_column: usize,
    /// The terminal of its program.
    pub terminal: PathBuf,
    /// What stands in it, with the escape sequences of colours and attributes: the end of its history,
    /// then its screen to the last row.
    pub lines: Vec<String>,
    /// How many of these lines are history.
    pub history: usize,
}

impl PaneSight {
    /// The format that [`PaneSight::parse`] reads, fields separated by tabs.
    pub(crate) const FORMAT: &str = "#{pane_pid}\t#{pane_dead}\t#{?#{||:#{pane_in_mode},#{||:#{pane_synchronized},#{pane_input_off}}},1,0}\t#{pane_width}\t#{pane_height}\t#{cursor_x}\t#{cursor_y}\t#{pane_tty}";

    /// What tmux answers to [`PaneSight::FORMAT`] and to `capture-pane`; `None` for a pane that is not there.
    pub(crate) fn parse(facts: &str, lines: Vec<String>) -> Option<Self> {
        let fields: Vec<&str> = facts.splitn(8, '\t').collect();
        let [pid, dead, in_mode, width, height, column, row, terminal] = fields.try_into().ok()?;
        // The screen is the last rows of what was captured, whatever there was of history.
        let history = lines.len().saturating_sub(height.parse().ok()?);
        Some(Self {
            pid: pid.parse().ok()?,
            dead: dead == "1",
            in_mode: in_mode == "1",
            width: width.parse().ok()?,
            cursor_line: history + row.parse::<usize>().ok()?,
            cursor_column: column.parse().ok()?,
            terminal: terminal.into(),
            lines,
            history,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::PaneSight;

    #[test]
    fn the_cursor_is_counted_from_the_first_line_of_history() {
        let lines: Vec<String> = ["old", "older", "$ x", ""].map(str::to_owned).into();
        let seen = PaneSight::parse("77\t0\t0\t80\t2\t3\t0\t/dev/pts/4", lines).unwrap();
        assert_eq!((seen.history, seen.cursor_line, seen.cursor_column), (2, 2, 3));
        assert!(!seen.dead && !seen.in_mode);
    }

    #[test]
    fn a_pane_that_is_not_there_is_not_seen() {
        for facts in ["", "\t\t0\t\t\t\t\t", "77\t0"] {
            assert_eq!(PaneSight::parse(facts, Vec::new()), None, "{facts:?}");
        }
    }
}
