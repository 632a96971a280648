//! The output of the demo: a log, and the table below it.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use mosaic_probe::snapshot::Condition;
use mosaic_process::monotonic;
use mosaic_terminal::{Line, LiveBlock, Paint, Style, paragraph, render};

use crate::observer::{Row, table};

/// How often the table is printed without changes, if it cannot be redrawn in place.
const REPRINT_INTERVAL: Duration = Duration::from_secs(10);

/// Standard output.
pub(crate) enum Screen {
    /// A terminal, where the table is redrawn in place.
    Live(LiveBlock),
    /// A file, a pipe or a terminal without cursor control, where the table is printed when a condition changes.
    Plain { printed: Option<(Duration, Vec<Condition>)> },
}

impl Screen {
    pub(crate) fn new() -> Self {
        let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        if io::stdout().is_terminal() && !dumb {
            Self::Live(LiveBlock::default())
        } else {
            Self::Plain { printed: None }
        }
    }

    /// Writes a text to the log. Its further lines are indented by the width of `prefix`.
    pub(crate) fn log(&mut self, prefix: &str, text: &str) -> io::Result<()> {
        let first = Line::new(Paint::Plain, prefix);
        let columns = if matches!(self, Self::Live(_)) { style().columns } else { usize::MAX };
        self.log_lines(&paragraph(&first, Paint::Plain, text, columns))
    }

    /// Writes a text to the log that is meant to be copied: it is not wrapped.
    pub(crate) fn log_verbatim(&mut self, text: &str) -> io::Result<()> {
        self.log_lines(&[Line::new(Paint::Plain, text)])
    }

    fn log_lines(&mut self, lines: &[Line]) -> io::Result<()> {
        match self {
            Self::Live(block) => block.log(lines, &style()),
            Self::Plain { .. } => print(lines),
        }
    }

    /// Shows the table, on a terminal with a line below it.
    pub(crate) fn show(&mut self, rows: &[Row]) -> io::Result<()> {
        match self {
            Self::Live(block) => {
                let style = style();
                let mut lines = vec![Line::default()];
                lines.extend(table(rows, &style));
                lines.push(Line::default());
                lines.push(Line::new(Paint::Dim, "Ctrl-C ends the demo and removes everything."));
                block.show(lines, &style)
            }
            Self::Plain { printed } => {
                let conditions: Vec<Condition> = rows.iter().map(|row| row.condition).collect();
                let now = monotonic();
                if printed.as_ref().is_some_and(|(at, last)| *last == conditions && now < *at + REPRINT_INTERVAL) {
                    return Ok(());
                }
                *printed = Some((now, conditions));
                print(&table(rows, &style()))
            }
        }
    }

    /// Leaves the table on the screen as it is; the log continues below it.
    pub(crate) fn release(&mut self) {
        if let Self::Live(block) = self {
            block.release();
        }
    }
}

fn style() -> Style {
    Style::for_stdout(|name| env::var_os(name))
}

fn print(lines: &[Line]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(render(lines, &style()).as_bytes())?;
    output.flush()
}
