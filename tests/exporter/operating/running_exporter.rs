//! An exporter whose flags, log and exit a test checks.

use mosaic_harness::{Binaries, Deadline, Fleet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// A running exporter; it is killed when the value is dropped.
pub(super) struct RunningExporter {
    child: Child,
    lines: Receiver<String>,
}

/// The exporter of a fleet that needs no user manager, with these flags.
pub(super) fn exporter(fleet: &Fleet, flags: &[&str]) -> Command {
    let mut command = fleet.command(Binaries::exporter());
    command.args(flags);
    command
}

impl RunningExporter {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (sender, receiver) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        thread::spawn(move || lines.map_while(Result::ok).take_while(|line| sender.send(line.clone()).is_ok()).count());
        Self { child, lines: receiver }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next log line that contains a text.
    pub(super) fn wait_for(&self, text: &str) -> String {
        let deadline = Deadline::default();
        loop {
            let line = self.lines.recv_timeout(deadline.remaining());
            let line = line.unwrap_or_else(|error| panic!("it does not log '{text}': {error}"));
            eprintln!("exporter: {line}");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Its TCP address, once it is ready.
    pub(super) fn address(&self) -> SocketAddr {
        let line = self.wait_for("address=127");
        self.wait_for("ready");
        line.split("address=").nth(1).and_then(|address| address.parse().ok()).unwrap()
    }

    /// Waits for its exit.
    pub(super) fn wait_exit(&mut self) -> ExitStatus {
        let deadline = Deadline::default();
        let process = mosaic_harness::ProcessWatch::new(self.pid()).unwrap();
        assert!(process.wait_for(deadline.remaining()), "it does not end");
        self.child.wait().unwrap()
    }
}

impl Drop for RunningExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
