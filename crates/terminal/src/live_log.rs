//! A log with a block of lines below it, such as a table, that is redrawn in place.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::{Line, Paint, Style, paragraph, terminal_size};

/// The start and the end of a frame. Terminals with synchronized output (DEC private mode 2026) show a frame only
/// when it is complete; others ignore the mode.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// How often an unchanged block is printed if it cannot be redrawn.
const REPRINT_INTERVAL: Duration = Duration::from_secs(10);

/// Standard output as a log with a block below it.
///
/// On a terminal the cursor rests at the start of the line below the block. Each line of the block is overwritten by
/// its successor, so that nothing flickers and the log is not touched. In a file, a pipe or a terminal without cursor
/// control, the block is printed when it has changed.
#[derive(Debug)]
pub struct LiveLog<V> {
    variable: V,
    live: bool,
    block: Vec<Line>,
    printed: Option<(Instant, String)>,
}

impl<V: Fn(&str) -> Option<OsString>> LiveLog<V> {
    /// An empty log. `variable` looks up a variable of the environment, as for [`Style::for_stdout`].
    pub fn new(variable: V) -> Self {
        let dumb = variable("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        Self { variable, live: io::stdout().is_terminal() && !dumb, block: Vec::new(), printed: None }
    }

    /// The style of standard output, whose width may change.
    pub fn style(&self) -> Style {
        Style::for_stdout(&self.variable)
    }

    /// Adds a text to the log. On a terminal it is wrapped, and its further lines are indented by the width of
    /// `prefix`.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub fn log(&self, prefix: &str, text: &str) -> io::Result<()> {
        let columns = if self.live { self.style().columns } else { usize::MAX };
        self.log_lines(&paragraph(&Line::new(Paint::Plain, prefix), Paint::Plain, text, columns))
    }

    /// Adds a text to the log that is meant to be copied: it is not wrapped.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub fn log_verbatim(&self, text: &str) -> io::Result<()> {
        self.log_lines(&[Line::new(Paint::Plain, text)])
    }

    fn log_lines(&self, lines: &[Line]) -> io::Result<()> {
        if !self.live {
            return self.print(lines);
        }
        let mut frame = self.rewind();
        push_lines(&mut frame, lines, self.style().color);
        self.draw(frame)
    }

    /// Replaces the block. On a terminal, it is followed by the footer, and what does not fit is cut. Elsewhere it
    /// is printed if `state`, which stands for what matters of it, differs from the last one or 10 s have passed.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub fn show(&mut self, block: Vec<Line>, footer: &str, state: String) -> io::Result<()> {
        if !self.live {
            if self.printed.as_ref().is_some_and(|(at, last)| *last == state && at.elapsed() < REPRINT_INTERVAL) {
                return Ok(());
            }
            self.printed = Some((Instant::now(), state));
            return self.print(&block);
        }
        let (columns, rows) = terminal_size();
        let frame = self.rewind();
        let lines = [Line::default()].into_iter().chain(block);
        let lines = lines.chain([Line::default(), Line::new(Paint::Dim, footer)]);
        // A line that scrolled out of view could not be overwritten. The last row is left to the cursor.
        let fitting = lines.take(rows.saturating_sub(1));
        let ellipsis = self.style().ellipsis();
        self.block = fitting.map(|line| line.truncate(columns, ellipsis)).collect();
        self.draw(frame)
    }

    /// Leaves the block on the screen as it is; the log continues below it.
    pub fn release(&mut self) {
        self.block.clear();
    }

    /// The start of a frame: moves the cursor to the start of the block.
    fn rewind(&self) -> String {
        match rows_taken(&self.block, terminal_size().0) {
            0 => BEGIN.to_owned(),
            rows => format!("{BEGIN}\r\x1b[{rows}A"),
        }
    }

    /// Completes a frame with the block, and writes it in one call.
    fn draw(&self, mut frame: String) -> io::Result<()> {
        push_lines(&mut frame, &self.block, self.style().color);
        // Clears the remains of a block that took more rows, because it was longer or the terminal narrower.
        frame.push_str("\x1b[J");
        frame.push_str(END);
        write(&frame)
    }

    fn print(&self, lines: &[Line]) -> io::Result<()> {
        write(&crate::render(lines, &self.style()))
    }
}

fn push_lines(frame: &mut String, lines: &[Line], color: bool) {
    for line in lines {
        frame.push_str(&line.render(color));
        frame.push_str("\x1b[K\r\n");
    }
}

/// The number of rows that lines take on a terminal that was made narrower and has wrapped the longer ones.
fn rows_taken(lines: &[Line], columns: usize) -> usize {
    lines.iter().map(|line| line.width().div_ceil(columns.max(1)).max(1)).sum()
}

fn write(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
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
