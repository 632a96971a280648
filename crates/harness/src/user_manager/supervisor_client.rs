use crate::{Binaries, ProcessWatch};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// The test's connection to its [`NamespaceSupervisor`](crate::NamespaceSupervisor) process.
#[derive(Debug)]
pub(crate) struct SupervisorClient {
    child: Mutex<Child>,
    answers: Mutex<BufReader<ChildStdout>>,
    process: ProcessWatch,
}

impl SupervisorClient {
    pub(crate) fn start(config: &SupervisorConfig) -> Self {
        let program = Binaries::harness("user-manager-supervisor");
        let mut command = if config.nested {
            // systemd-run talks to the manager of the session, so it needs the session's environment.
            let mut command = Command::new("systemd-run");
            let scope = ["--user", "--scope", "--quiet", "--collect", "-p", "Delegate=yes"];
            command.args(scope).arg("--").arg(program);
            command
        } else {
            let mut command = Command::new(program);
            command.env_clear();
            command
        };
        let mut child = command
            // Ctrl-C must reach the supervisor only through the end of the test, so it gets its own process group.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the user manager's supervisor");
        let answers = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let client = Self {
            process: ProcessWatch::new(child.id()).expect("the supervisor is running"),
            child: Mutex::new(child),
            answers: Mutex::new(answers),
        };
        client.request(&serde_json::to_string(config).expect("a configuration is JSON"));
        client
    }

    /// The PID of the supervisor, whose namespaces the user manager shares. `systemd-run --scope` replaces itself with
    /// it.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn send(&self, command: SupervisorCommand) {
        self.request(&serde_json::to_string(&command).expect("a command is JSON"));
    }

    fn request(&self, line: &str) {
        let child = self.child.lock().unwrap();
        writeln!(child.stdin.as_ref().expect("standard input is open until drop"), "{line}")
            .expect("write to the supervisor");
        let mut answer = String::new();
        let read = self.answers.lock().unwrap().read_line(&mut answer);
        match serde_json::from_str::<Result<(), String>>(&answer) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the user manager's supervisor failed on {line}: {error}"),
            Err(error) => {
                panic!("the user manager's supervisor failed on {line}: {error}: {read:?} {answer:?}")
            }
        }
    }
}

impl Drop for SupervisorClient {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(child.stdin.take());
        if std::thread::panicking() {
            let _ = self.process.wait_for(crate::Deadline::DEFAULT);
        } else {
            self.process.wait();
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The configuration of a [`NamespaceSupervisor`](crate::NamespaceSupervisor), which is the first line on its standard
/// input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SupervisorConfig {
    /// A name that is unique on this machine.
    pub(crate) name: String,
    /// The environment of the user manager and its units.
    pub(crate) environment: BTreeMap<String, String>,
    /// The user of the user manager.
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether to use a user namespace and the supervisor's own control group, without root.
    pub(crate) nested: bool,
    /// What takes the place of `/usr`.
    pub(crate) system: Option<PathBuf>,
}

/// A command to the supervisor, one JSON line after the [`SupervisorConfig`]. The supervisor replies to every line with
/// one `Result<(), String>`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum SupervisorCommand {
    /// Start the user manager and wait until it is ready.
    Start,
    /// Kill the user manager and every process in its control group.
    Kill,
    /// Make journald write everything that has been logged so far.
    Sync,
}
