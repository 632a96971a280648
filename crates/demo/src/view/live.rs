//! The table in one place of a terminal, and what is told above it.

use std::env;
use std::io::{self, Write};

use rustix::termios::tcgetwinsize;

use super::line::Line;
use super::paint::Paint;
use super::wrap::wrap;
use super::{Row, Style, table};

/// What one frame starts with and ends with: terminals that know it (DEC mode 2026) show nothing
/// of what is in between until it is complete, and all others pass it over.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";
/// How far lines of what is told are indented when they break.
const INDENT: usize = 11;

/// A terminal. The cursor stands at the beginning of the line below the table; the table is
/// written over itself, line by line, so that nothing flickers and nothing above it is touched.
#[derive(Debug)]
pub(crate) struct Live {
    shown: Vec<Line>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { shown: Vec::new() }
    }

    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        let (columns, _) = size();
        self.put_above(&wrap(text, columns, INDENT))
    }

    pub(crate) fn say_whole(&mut self, text: &str) -> io::Result<()> {
        self.put_above(&[text.to_owned()])
    }

    pub(crate) fn show(&mut self, rows: &[Row], below: Option<&str>) -> io::Result<()> {
        let (columns, height) = size();
        let style = Style::choose(true, columns, |name| env::var_os(name));
        let mut lines = vec![Line::default()];
        lines.extend(table(rows, &style));
        lines.extend(below.into_iter().flat_map(|below| {
            let below = Line::default().with(Paint::Dim, below).fit(columns);
            [Line::default(), below]
        }));
        // A line that scrolled out could not be written over; the cursor has one for itself.
        lines.truncate(height.saturating_sub(1));
        let mut frame = self.back();
        self.shown = lines;
        self.draw(&mut frame, style.colour);
        write(&frame)
    }

    /// Lets the table stand as it is now; what is told from here on comes below it.
    pub(crate) fn leave(&mut self, rows: &[Row]) -> io::Result<()> {
        self.show(rows, None)?;
        self.shown.clear();
        Ok(())
    }

    fn put_above(&mut self, told: &[String]) -> io::Result<()> {
        let mut frame = self.back();
        for line in told {
            frame.push_str(line);
            frame.push_str("\x1b[K\r\n");
        }
        let colour = Style::choose(true, 0, |name| env::var_os(name)).colour;
        self.draw(&mut frame, colour);
        write(&frame)
    }

    /// Moves the cursor to where the table begins.
    fn back(&self) -> String {
        match rows_taken(&self.shown, size().0) {
            0 => BEGIN.to_owned(),
            rows => format!("{BEGIN}\r\x1b[{rows}A"),
        }
    }

    fn draw(&self, frame: &mut String, colour: bool) {
        for line in &self.shown {
            frame.push_str(&line.render(colour));
            frame.push_str("\x1b[K\r\n");
        }
        // Below it there is nothing, except after the terminal was made narrower.
        frame.push_str("\x1b[J");
        frame.push_str(END);
    }
}

/// How many rows lines take: a terminal that was made narrower has broken those that are too long.
fn rows_taken(lines: &[Line], columns: usize) -> usize {
    lines.iter().map(|line| line.width().div_ceil(columns.max(1)).max(1)).sum()
}

/// Columns and rows. A terminal that knows no size has the usual one.
fn size() -> (usize, usize) {
    let size = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    size.map_or((80, 24), |size| (size.ws_col.into(), size.ws_row.into()))
}

/// In one call, so that a terminal gets a frame as a whole.
fn write(frame: &str) -> io::Result<()> {
    let mut terminal = io::stdout().lock();
    terminal.write_all(frame.as_bytes())?;
    terminal.flush()
}

#[cfg(test)]
mod tests {
    use super::rows_taken;
    use crate::view::line::Line;
    use crate::view::paint::Paint;

    #[test]
    fn a_narrower_terminal_has_broken_the_lines() {
        let lines = [10, 0, 25].map(|width| Line::default().with(Paint::Plain, &"x".repeat(width)));
        for (columns, rows) in [(100, 3), (25, 3), (24, 4), (10, 5), (9, 6), (0, 36)] {
            assert_eq!(rows_taken(&lines, columns), rows, "{columns}");
        }
    }
}
