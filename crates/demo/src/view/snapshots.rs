//! The table where nothing can be written over: again and again, when something has changed.

use std::io::{self, Write};
use std::time::Duration;

use super::{Condition, Row, Style, table};

/// A file, a pipe or a very simple terminal.
#[derive(Debug)]
pub(crate) struct Snapshots {
    output: io::Stdout,
    style: Style,
    shown: Option<(Duration, Vec<Condition>)>,
}

impl Snapshots {
    /// How often the table is shown when nothing happens.
    const EVERY: Duration = Duration::from_secs(10);

    pub(crate) fn new(style: Style) -> Self {
        Self { output: io::stdout(), style, shown: None }
    }

    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.write(&format!("{text}\n"))
    }

    pub(crate) fn show(&mut self, rows: &[Row], now: Duration) -> io::Result<()> {
        let conditions: Vec<Condition> = rows.iter().map(|row| row.verdict.condition).collect();
        let due = self.shown.as_ref().is_none_or(|(at, shown)| *shown != conditions || now >= *at + Self::EVERY);
        if !due {
            return Ok(());
        }
        self.shown = Some((now, conditions));
        let lines = table(rows, &self.style);
        self.write(&lines.iter().map(|line| line.render(self.style.colour) + "\n").collect::<String>())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(text.as_bytes())?;
        self.output.flush()
    }
}
