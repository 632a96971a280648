//! The process that outlives the demo for as long as it takes to clear up after it.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use mosaic_domain::Pid;

use super::teardown::teardown;
use super::{Home, Mark};
use crate::play::Signals;

const READY: &str = "ready";

/// The demo's end of its guard. The pipe between them closes however the demo ends, also by
/// SIGKILL, and that is the guard's signal.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Guard {
    /// Sets a guard on `home`, which must be there.
    pub(crate) fn set(home: &Home) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("--guard")
            .arg(home.path())
            // Ctrl-C is not for it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut answers = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let mut first = String::new();
        answers.read_line(&mut first)?;
        if first.trim_end() != READY {
            return Err(io::Error::other(format!("it ended with {}", child.wait()?)));
        }
        Ok(Self { child, answers })
    }

    /// Lets it clear up, waits for that, and gives a line for everything that it could not remove.
    pub(crate) fn release(mut self) -> io::Result<Vec<String>> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.answers.read_to_string(&mut said)?;
        let status = self.child.wait()?;
        if !status.success() {
            return Err(io::Error::other(format!("it ended with {status}")));
        }
        Ok(said.lines().map(str::to_owned).collect())
    }
}

/// The guard itself: `demo --guard DIRECTORY`.
pub(crate) fn guard(directory: PathBuf) -> ExitCode {
    // Nobody ends it before its work is done.
    let Ok(_signals) = Signals::catch() else { return ExitCode::FAILURE };
    let home = Home::at(directory);
    let mark = Mark::of(&home, Pid::new(parent_id()));
    println!("{READY}");
    let mut nothing = Vec::new();
    let _ = io::stdin().read_to_end(&mut nothing);
    for line in teardown(&home, &mark) {
        // After a SIGKILL there is nobody to read it.
        let _ = io::Write::write_all(&mut io::stdout(), format!("{line}\n").as_bytes());
    }
    ExitCode::SUCCESS
}
