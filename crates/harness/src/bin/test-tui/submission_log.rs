use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Where a test reads what has arrived: a line of JSON each, there as soon as it is written.
#[derive(Debug)]
pub(crate) struct SubmissionLog(File);

impl SubmissionLog {
    pub(crate) fn open(path: &Path) -> Self {
        let opened = File::options().append(true).create(true).open(path);
        Self(opened.unwrap_or_else(|error| panic!("open {}: {error}", path.display())))
    }

    /// In one piece: who reads meanwhile sees all of the line or none of it.
    pub(crate) fn write(&mut self, entry: &impl Serialize) {
        let mut line = serde_json::to_vec(entry).expect("an entry is JSON");
        line.push(b'\n');
        self.0.write_all(&line).expect("write the log");
    }
}
