use crate::{Binaries, ProcessWatch};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// The test's end of a [`NamespaceSupervisor`](crate::NamespaceSupervisor).
#[derive(Debug)]
pub(crate) struct SupervisorClient {
    child: Mutex<Child>,
    answers: Mutex<BufReader<ChildStdout>>,
    process: ProcessWatch,
}

impl SupervisorClient {
    pub(crate) fn start(plan: &SupervisorConfig) -> Self {
        let program = Binaries::harness("user-manager-supervisor");
        let mut command = if plan.nested {
            // It talks to the manager of the session, so it keeps the session's environment.
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
            // Ctrl-C ends the test, and that ends the supervisor: in this command.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the supervisor of the user manager");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let client = Self {
            process: ProcessWatch::new(child.id()).expect("it waits for the plan"),
            child: Mutex::new(child),
            answers: Mutex::new(answers),
        };
        client.say(&serde_json::to_string(plan).expect("a plan is JSON"));
        client
    }

    /// The process in whose namespaces the user manager is: `systemd-run --scope` becomes it.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(crate) fn send(&self, command: SupervisorCommand) {
        self.say(&serde_json::to_string(&command).expect("an command is JSON"));
    }

    fn say(&self, line: &str) {
        let child = self.child.lock().unwrap();
        writeln!(child.stdin.as_ref().expect("open until the end"), "{line}").expect("the supervisor listens");
        let mut answer = String::new();
        let read = self.answers.lock().unwrap().read_line(&mut answer);
        match serde_json::from_str::<Result<(), String>>(&answer) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the user manager's supervisor, asked {line}: {error}"),
            Err(error) => {
                panic!("the user manager's supervisor, asked {line}: {error}: {read:?} {answer:?}")
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

/// All that a [`NamespaceSupervisor`](crate::NamespaceSupervisor) has to know; the first line it reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SupervisorConfig {
    /// Unique on this machine.
    pub(crate) name: String,
    /// Of the user manager, and so of its units.
    pub(crate) environment: BTreeMap<String, String>,
    /// Whom the user manager belongs to.
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Whether to make do with a user namespace and the cgroup the supervisor is in.
    pub(crate) nested: bool,
}

/// What a test asks of its supervisor after the [`SupervisorConfig`](crate::keeper_plan::SupervisorConfig); one
/// JSON line each, and each is answered with one `Result<(), String>`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum SupervisorCommand {
    /// Start the user manager and wait until it is ready.
    Start,
    /// Kill the user manager and everything it ever started.
    Kill,
    /// Let journald write down what has been logged so far.
    Sync,
}
