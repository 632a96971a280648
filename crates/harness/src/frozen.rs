use crate::{Deadline, ProcessWatch};
use rustix::process::Signal;
use std::time::Duration;

/// A process that was stopped, and goes on when this is dropped, also when the test panics.
#[derive(Debug)]
pub struct Frozen {
    process: ProcessWatch,
}

impl Frozen {
    /// Stops it; it has stopped when this returns.
    #[must_use]
    pub fn new(process: ProcessWatch) -> Self {
        let frozen = Self { process };
        frozen.process.signal(Signal::STOP.as_raw());
        let deadline = Deadline::default();
        // Only a parent is told that its child has stopped, so this asks again and again.
        while frozen.state() != Some('T') {
            assert!(!deadline.passed(), "process {} does not stop", frozen.process.pid());
            assert!(!frozen.process.wait_for(Duration::from_millis(1)), "process {} has ended", frozen.process.pid());
        }
        frozen
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> &ProcessWatch {
        &self.process
    }

    fn state(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.pid())).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.process.signal(Signal::CONT.as_raw());
    }
}
