use crate::keeper_order::KeeperOrder;
use crate::keeper_plan::KeeperPlan;
use crate::{Binaries, ProcessWatch};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// The test's end of a [`Keeper`](crate::Keeper).
#[derive(Debug)]
pub(crate) struct KeeperClient {
    child: Mutex<Child>,
    answers: Mutex<BufReader<ChildStdout>>,
    process: ProcessWatch,
}

impl KeeperClient {
    pub(crate) fn start(plan: &KeeperPlan) -> Self {
        let program = Binaries::harness("user-manager-keeper");
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
            // Ctrl-C ends the test, and that ends the keeper: in this order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the keeper of the user manager");
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

    pub(crate) fn order(&self, order: KeeperOrder) {
        self.say(&serde_json::to_string(&order).expect("an order is JSON"));
    }

    fn say(&self, line: &str) {
        let child = self.child.lock().unwrap();
        writeln!(child.stdin.as_ref().expect("open until the end"), "{line}").expect("the keeper listens");
        let mut answer = String::new();
        let read = self.answers.lock().unwrap().read_line(&mut answer);
        match serde_json::from_str::<Result<(), String>>(&answer) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the user manager's keeper, asked {line}: {error}"),
            Err(error) => {
                panic!("the user manager's keeper, asked {line}: {error}: {read:?} {answer:?}")
            }
        }
    }
}

impl Drop for KeeperClient {
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
