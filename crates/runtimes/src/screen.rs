//! The content of a pane as lines of text, parsed from a capture by tmux, and text comparison that tolerates how
//! programs wrap and decorate what they show. What a screen means is decided in [`crate::Profile`].

use mosaic_tmux::PaneSight;

use crate::StyledLine;

/// The end of a pane's history, followed by its visible rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The lines, from the oldest line of the history to the last row.
    pub lines: Vec<StyledLine>,
    /// The number of lines that are history. A program can no longer draw on these.
    pub history: usize,
    /// The index in `lines` of the line with the cursor.
    pub cursor_line: usize,
    /// The column of the cursor, from 0.
    pub cursor_column: usize,
    /// The width in columns.
    pub width: usize,
}

impl Screen {
    /// Parses a capture of a pane.
    #[must_use]
    pub fn from_capture(capture: &PaneSight) -> Self {
        Self {
            lines: capture.lines.iter().map(|line| StyledLine::parse(line)).collect(),
            history: capture.history.min(capture.lines.len()),
            cursor_line: capture.cursor_line,
            cursor_column: capture.cursor_column,
            width: capture.width,
        }
    }

    /// Parses text as captured from a pane of 100 columns, with the cursor in the first column of the last line.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let lines: Vec<StyledLine> = text.lines().map(StyledLine::parse).collect();
        let cursor_line = lines.len().saturating_sub(1);
        Self { lines, history: 0, cursor_line, cursor_column: 0, width: 100 }
    }

    /// Returns an empty screen, which stands for a pane that no longer exists.
    #[must_use]
    pub fn blank() -> Self {
        Self { lines: Vec::new(), history: 0, cursor_line: 0, cursor_column: 0, width: 0 }
    }

    /// Returns the visible rows, from the first.
    #[must_use]
    pub fn visible(&self) -> &[StyledLine] {
        &self.lines[self.history..]
    }

    /// Returns the visible rows as plain text, without the blank rows at the end.
    #[must_use]
    pub fn visible_text(&self) -> Vec<&str> {
        let rows = self.visible();
        let end = rows.iter().rposition(|row| !row.text.is_empty()).map_or(0, |last| last + 1);
        rows[..end].iter().map(|row| row.text.as_str()).collect()
    }
}

/// Returns the text without the characters that terminals show differently: blanks (lines are wrapped, tabs expanded),
/// combining marks and emoji (terminals disagree on their widths, and join or drop them).
#[must_use]
pub fn squeezed(text: &str) -> String {
    text.chars().filter(|character| character.is_ascii_graphic() || character.is_alphanumeric()).collect()
}

/// Returns only the letters and digits of the text, which remain when its Markdown is rendered.
#[must_use]
pub fn letters(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::{letters, squeezed};

    #[test]
    fn characters_that_terminals_draw_differently_are_left_out() {
        assert_eq!(squeezed("  a\tb\u{a0}— e\u{301} 👩‍🚀 *x* 漢字\n"), "abe*x*漢字");
        assert_eq!(letters("**bold** [x](y) 1."), "boldxy1");
    }
}
