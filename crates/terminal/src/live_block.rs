//! A block of lines that is redrawn in place, below a log that scrolls.

use std::io::{self, Write};

use crate::{Line, Style, terminal_size};

/// The start and the end of a frame. Terminals with synchronized output (DEC private mode 2026) show a frame only
/// when it is complete; others ignore the mode.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

/// The block at the bottom of a terminal. The cursor rests at the start of the line below it. Each line is
/// overwritten by its successor, so that nothing flickers and the log above is not touched.
#[derive(Debug, Default)]
pub struct LiveBlock {
    shown: Vec<Line>,
}

impl LiveBlock {
    /// Writes lines above the block, where they stay.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub fn log(&self, lines: &[Line], style: &Style) -> io::Result<()> {
        let mut frame = self.rewind();
        push_lines(&mut frame, lines, style);
        self.draw(&mut frame, style);
        write(&frame)
    }

    /// Replaces the block. Lines that do not fit the terminal are cut, and those below its last row left out.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub fn show(&mut self, lines: Vec<Line>, style: &Style) -> io::Result<()> {
        let (columns, rows) = terminal_size();
        let mut frame = self.rewind();
        // A line that scrolled out of view could not be overwritten. The last row is left to the cursor.
        let fitting = lines.into_iter().take(rows.saturating_sub(1));
        self.shown = fitting.map(|line| line.truncate(columns, style.ellipsis())).collect();
        self.draw(&mut frame, style);
        write(&frame)
    }

    /// Leaves the block on the screen as it is; later output goes below it.
    pub fn release(&mut self) {
        self.shown.clear();
    }

    /// Moves the cursor to the start of the block.
    fn rewind(&self) -> String {
        match rows_taken(&self.shown, terminal_size().0) {
            0 => BEGIN.to_owned(),
            rows => format!("{BEGIN}\r\x1b[{rows}A"),
        }
    }

    fn draw(&self, frame: &mut String, style: &Style) {
        push_lines(frame, &self.shown, style);
        // Clears the remains of a block that took more rows, because it was longer or the terminal narrower.
        frame.push_str("\x1b[J");
        frame.push_str(END);
    }
}

fn push_lines(frame: &mut String, lines: &[Line], style: &Style) {
    for line in lines {
        frame.push_str(&line.render(style.color));
        frame.push_str("\x1b[K\r\n");
    }
}

/// The number of rows that lines take on a terminal that was made narrower and has wrapped the longer ones.
fn rows_taken(lines: &[Line], columns: usize) -> usize {
    lines.iter().map(|line| line.width().div_ceil(columns.max(1)).max(1)).sum()
}

/// Writes a frame in one call.
fn write(frame: &str) -> io::Result<()> {
    let mut terminal = io::stdout().lock();
    terminal.write_all(frame.as_bytes())?;
    terminal.flush()
}

#[cfg(test)]
mod tests {
    use super::rows_taken;
    use crate::{Line, Paint};

    #[test]
    fn lines_take_more_rows_on_a_terminal_that_was_made_narrower() {
        let lines = [10, 0, 25].map(|width| Line::new(Paint::Plain, &"x".repeat(width)));
        for (columns, rows) in [(100, 3), (25, 3), (24, 4), (10, 5), (9, 6), (0, 36)] {
            assert_eq!(rows_taken(&lines, columns), rows, "{columns}");
        }
    }
}
