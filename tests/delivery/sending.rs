//! A `mosaic agent send` that is under way.

use crate::sent::Sent;
use mosaic_harness::ProcessWatch;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longer than any message of these tests is waited for, by its sender's own word.
const LIMIT: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(crate) struct Sending(Child);

impl Sending {
    pub(crate) fn begin(command: &mut Command) -> Self {
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Writes to its standard input, and closes that.
    pub(crate) fn write(&mut self, text: &[u8]) {
        self.0.stdin.take().unwrap().write_all(text).unwrap();
    }

    /// Waits for its end; what it said is less than a pipe holds.
    pub(crate) fn finish(self) -> Sent {
        let ended = ProcessWatch::new(self.0.id()).unwrap().wait_for(LIMIT);
        assert!(ended, "it still sends after {LIMIT:?}");
        Sent::of(self.0.wait_with_output().unwrap())
    }
}
