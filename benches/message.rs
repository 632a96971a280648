//! What a worker tells its supervisor: a JSON line each, on its standard output.

use crate::row::Row;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::PathBuf;

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// From now on there is a fleet in this directory.
    Fleet(PathBuf),
    /// A row of the table is done.
    Row(Box<Row>),
    /// The figure, or the rest of it, cannot be measured for this reason.
    CouldNotRun(String),
}

impl Message {
    /// A supervisor that is gone has no use for the rest either.
    pub(crate) fn send(&self) {
        let line = serde_json::to_string(self).expect("a message is JSON");
        let mut supervisor = std::io::stdout().lock();
        writeln!(supervisor, "{line}").and_then(|()| supervisor.flush()).expect("the supervisor listens");
    }
}
