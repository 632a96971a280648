//! What stands in a pane, as lines of text: parsed from what tmux captured. What it means is not decided
//! here.

mod styled_line;
mod text_match;

pub use styled_line::StyledLine;
pub use text_match::{letters, squeezed};

use mosaic_tmux::CapturedPane;

/// The end of a pane's history and its screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// From the oldest of the history to the last row.
    pub lines: Vec<StyledLine>,
    /// How many of the lines are history, which a program cannot draw on any more.
    pub history: usize,
    /// The line of the cursor, history counted.
    pub cursor_line: usize,
    /// The column of the cursor, from 0.
    pub cursor_column: usize,
    /// Columns.
    pub width: usize,
}

impl Screen {
    /// Reads a look at a pane.
    #[must_use]
    pub fn of(seen: &CapturedPane) -> Self {
        Self {
            lines: seen.lines.iter().map(|line| StyledLine::parse(line)).collect(),
            history: seen.history.min(seen.lines.len()),
            cursor_line: seen.cursor_line,
            cursor_column: seen.cursor_column,
            width: seen.width,
        }
    }

    /// That of a pane that is gone.
    #[must_use]
    pub fn blank() -> Self {
        Self { lines: Vec::new(), history: 0, cursor_line: 0, cursor_column: 0, width: 0 }
    }

    /// The lines that a person sees, without the blank ones at their end.
    #[must_use]
    pub fn text(&self) -> Vec<String> {
        let lines = self.visible();
        let end = lines.iter().rposition(|line| !line.text.is_empty()).map_or(0, |last| last + 1);
        lines[..end].iter().map(|line| line.text.clone()).collect()
    }

    /// The lines that a person sees, from the first row.
    #[must_use]
    pub fn visible(&self) -> &[StyledLine] {
        &self.lines[self.history..]
    }

    /// A screen of these captured bytes, its cursor at the end.
    #[must_use]
    pub fn captured(text: &str) -> Self {
        let lines: Vec<StyledLine> = text.lines().map(StyledLine::parse).collect();
        let cursor_line = lines.len().saturating_sub(1);
        Self { lines, history: 0, cursor_line, cursor_column: 0, width: 100 }
    }
}
