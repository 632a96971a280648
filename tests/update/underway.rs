//! An update that goes on.

use mosaic_harness::{Deadline, ProcessWatch};
use std::io::{BufRead, BufReader};
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What it says is there line by line.
#[derive(Debug)]
pub(crate) struct Underway {
    child: Child,
    errors: Receiver<String>,
    seen: Vec<String>,
}

impl Underway {
    pub(crate) fn new(mut child: Child) -> Self {
        let stderr = child.stderr.take().unwrap();
        let (sender, errors) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, errors, seen: Vec::new() }
    }

    /// Waits until it says something with this text.
    pub(crate) fn wait_said(&mut self, text: &str) {
        while !self.seen.last().is_some_and(|line| line.contains(text)) {
            let line = self.errors.recv_timeout(Deadline::after(Deadline::DEFAULT * 4).remaining());
            self.seen.push(line.unwrap_or_else(|error| panic!("never {text:?}: {error}: {:#?}", self.seen)));
        }
    }

    /// As Ctrl-C does: to all of the terminal's process group.
    pub(crate) fn interrupt(&self) {
        let group = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    }

    /// As a machine that loses its power does.
    pub(crate) fn kill(mut self) {
        ProcessWatch::new(self.child.id()).unwrap().signal(9);
        self.child.wait().unwrap();
    }

    /// Its end: exit code, standard output, standard error.
    pub(crate) fn end(mut self) -> (ExitStatus, String, String) {
        let stdout = std::io::read_to_string(self.child.stdout.take().unwrap()).unwrap();
        let status = self.child.wait().unwrap();
        self.seen.extend(self.errors.iter());
        (status, stdout, self.seen.join("\n"))
    }
}
