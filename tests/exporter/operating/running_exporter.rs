//! An exporter whose flags, words and end a test is about.

use mosaic_harness::{Binaries, Deadline, Fleet};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// One that was started, and ends with this value.
pub(super) struct Started {
    child: Child,
    said: Receiver<String>,
}

/// The exporter of a fleet that needs no user manager, with these flags.
pub(super) fn exporter(fleet: &Fleet, flags: &[&str]) -> Command {
    let mut command = fleet.command(Binaries::exporter());
    command.args(flags);
    command
}

impl Started {
    pub(super) fn of(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (tell, said) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        thread::spawn(move || lines.map_while(Result::ok).take_while(|line| tell.send(line.clone()).is_ok()).count());
        Self { child, said }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line that has this in it.
    pub(super) fn wait_for(&self, words: &str) -> String {
        let deadline = Deadline::default();
        loop {
            let line = self.said.recv_timeout(deadline.remaining());
            let line = line.unwrap_or_else(|error| panic!("it does not say '{words}': {error}"));
            eprintln!("exporter: {line}");
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Where it listens on TCP, once it has looked at the fleet.
    pub(super) fn address(&self) -> SocketAddr {
        let line = self.wait_for("address=127");
        self.wait_for("ready");
        line.split("address=").nth(1).and_then(|address| address.parse().ok()).unwrap()
    }

    /// How it ended.
    pub(super) fn ended(&mut self) -> ExitStatus {
        let deadline = Deadline::default();
        let process = mosaic_harness::ProcessWatch::new(self.pid()).unwrap();
        assert!(process.wait_for(deadline.remaining()), "it does not end");
        self.child.wait().unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
