//! What became of the messages of a corpus, as a table.

use std::fmt;
use std::io::{Read as _, Seek as _, Write as _};

use mosaic_harness::Binaries;

use super::arrival::Arrival;

/// The results of one run.
#[derive(Debug)]
pub(crate) struct Results {
    program: String,
    results: Vec<(u32, &'static str, Result<Arrival, String>)>,
}

/// The line after which the page has one line for each version of a program.
const TABLE: &str = "|---|---|---|---|---|\n";

impl Results {
    pub(crate) fn new(runtime: &str, version: &str) -> Self {
        Self { program: format!("{runtime} {version}"), results: Vec::new() }
    }

    pub(crate) fn add(&mut self, columns: u32, name: &'static str, result: Result<Arrival, String>) {
        self.results.push((columns, name, result));
    }

    pub(crate) fn assert_no_fault(&self) {
        let faults = self.results.iter().filter(|(_, _, result)| result.is_err()).count();
        assert_eq!(faults, 0, "{self}");
    }

    fn count(&self, arrival: Arrival) -> usize {
        self.results.iter().filter(|(_, _, result)| *result == Ok(arrival)).count()
    }

    /// Writes the program's line into the page.
    pub(crate) fn write(&self) {
        let path = Binaries::workspace().join("docs/reference/messages.md");
        let mut file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
        // Other tests write their lines at the same time.
        file.lock().unwrap();
        let mut page = String::new();
        file.read_to_string(&mut page).unwrap();
        let (head, table) = page.split_once(TABLE).unwrap();
        let [text, tagged, in_file] = [Arrival::Text, Arrival::Tagged, Arrival::File].map(|kind| self.count(kind));
        let line = format!("| {} | {} | {text} | {tagged} | {in_file} |", self.program, self.results.len());
        let own = format!("| {} |", self.program);
        let mut lines: Vec<&str> = table.lines().filter(|line| !line.starts_with(&own)).collect();
        lines.push(&line);
        lines.sort_unstable();
        let page = format!("{head}{TABLE}{}\n", lines.join("\n"));
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(page.as_bytes())).unwrap();
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} messages, {} tagged", self.program, self.results.len(), self.count(Arrival::Tagged))?;
        for (columns, name, result) in &self.results {
            match result {
                Ok(Arrival::Text | Arrival::Tagged) => {}
                Ok(Arrival::File) => writeln!(f, "  {columns:3} {name}: in a file")?,
                Err(fault) => {
                    writeln!(f, "  {columns:3} {name}: FAULT {}", fault.chars().take(300).collect::<String>())?;
                }
            }
        }
        Ok(())
    }
}
