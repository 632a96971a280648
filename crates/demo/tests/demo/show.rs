//! A demo under test.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};

use mosaic_harness::{Binaries, Deadline, Fleet, ProcessWatch, UserManager};
use rustix::process::{Pid, Signal, kill_process_group};

/// A running demo: its output in a pipe, in a process group of its own as in a terminal.
pub(crate) struct Show {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Show {
    /// The variables that the demo needs besides those of the fleet.
    pub(crate) fn environment(fleet: &Fleet) -> Vec<(&'static str, String)> {
        let launcher = Binaries::start_agent_session();
        let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
        let temporary = fleet.root().join("t");
        std::fs::create_dir_all(&temporary).unwrap();
        vec![("MOSAIC_FLEET_BIN_DIR", text(launcher.parent().unwrap())), ("TMPDIR", text(&temporary))]
    }

    /// Starts a demo without a user manager.
    pub(crate) fn direct(fleet: &Fleet, arguments: &[&str]) -> Self {
        let mut command = fleet.command(env!("CARGO_BIN_EXE_demo"));
        command.args(arguments).envs(Self::environment(fleet));
        Self::start(&mut command)
    }

    /// Starts a demo beside a user manager.
    pub(crate) fn under(manager: &UserManager, fleet: &Fleet, arguments: &[&str]) -> Self {
        let mut command = manager.command("env");
        command.args(Self::environment(fleet).iter().map(|(name, value)| format!("{name}={value}")));
        command.arg(env!("CARGO_BIN_EXE_demo")).args(arguments);
        Self::start(&mut command)
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        let piped = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line with `part` in it; `None` if the demo ends before.
    pub(crate) fn wait_for(&mut self, part: &str) -> Option<String> {
        let deadline = Deadline::after(3 * Deadline::DEFAULT);
        loop {
            match self.lines.recv_timeout(deadline.remaining()) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(part) {
                        return Some(line);
                    }
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(error) => panic!("{error}, waiting for '{part}' after {:#?}", self.seen),
            }
        }
    }

    /// Sends a signal to the process group, as Ctrl-C and a closing terminal do.
    pub(crate) fn signal_group(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn watch(&self) -> ProcessWatch {
        ProcessWatch::new(self.child.id()).unwrap()
    }

    /// Waits for the end. Returns the status, the lines of standard output, and standard error.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>, String) {
        assert_eq!(self.wait_for("\0"), None);
        let output = self.child.wait_with_output().unwrap();
        (output.status, self.seen, String::from_utf8(output.stderr).unwrap())
    }
}
