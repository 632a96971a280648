//! Runs a program's own updater.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::interruption::Interruption;
use super::update_error::UpdateError;
use crate::view::tell;

/// A command that may take its time.
#[derive(Debug)]
pub(super) struct Updater {
    pub(super) program: PathBuf,
    pub(super) arguments: &'static [&'static str],
    pub(super) variables: Vec<(&'static str, OsString)>,
    pub(super) directory: PathBuf,
}

/// How often is looked whether it has ended.
const OFTEN: Duration = Duration::from_millis(50);
/// How long it may take to end once it is asked to, and its output to be read once it has.
const GRACE: Duration = Duration::from_secs(2);
/// Of what it prints no more is kept.
const KEPT: usize = 64 << 10;

type Printed = Arc<Mutex<Vec<u8>>>;

impl Updater {
    /// Runs it, and gives what it printed. It is in a process group of its own: who is asked to end by
    /// Ctrl-C in the middle of an installation leaves half a program.
    ///
    /// # Errors
    /// It did not do it, or not in time.
    pub(super) fn run(&self, limit: Duration, interruption: &Interruption) -> Result<String, UpdateError> {
        let (mut reader, writer) = io::pipe().map_err(UpdateError::Start)?;
        let mut command = Command::new(&self.program);
        command.args(self.arguments).envs(self.variables.iter().cloned()).current_dir(&self.directory);
        command.stdin(Stdio::null()).stdout(writer.try_clone().map_err(UpdateError::Start)?).stderr(writer);
        let mut child = command.process_group(0).spawn().map_err(UpdateError::Start)?;
        // The command has the other ends of the pipe.
        drop(command);
        let printed = Printed::default();
        let kept = Arc::clone(&printed);
        let reading = thread::Builder::new().spawn(move || keep(&mut reader, &kept)).map_err(UpdateError::Start)?;
        let ended = wait(&mut child, limit, interruption);
        let enough = Instant::now() + GRACE;
        // Whatever it left in the background may keep the pipe open.
        while !reading.is_finished() && Instant::now() < enough {
            thread::sleep(OFTEN);
        }
        let output = String::from_utf8_lossy(&printed.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
        match ended.map_err(UpdateError::Start)? {
            End::Ended(status) if status.success() => Ok(output),
            End::Ended(status) => Err(UpdateError::Failed { status, output }),
            End::Late => Err(UpdateError::Deadline { limit, output }),
            End::Insisted => Err(UpdateError::Interrupted { output }),
        }
    }
}

enum End {
    Ended(std::process::ExitStatus),
    Late,
    Insisted,
}

fn wait(child: &mut Child, limit: Duration, interruption: &Interruption) -> io::Result<End> {
    let deadline = Instant::now() + limit;
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Ended(status));
        }
        if interruption.is_wanted() && !told {
            tell("NOTE: interrupted: waiting for the updater, so that it leaves a whole program; once more kills it");
            told = true;
        }
        let end = match () {
            () if interruption.is_insisted_on() => End::Insisted,
            () if Instant::now() >= deadline => End::Late,
            () => {
                thread::sleep(OFTEN);
                continue;
            }
        };
        kill(child)?;
        return Ok(end);
    }
}

/// Ends it and all that it started.
fn kill(child: &mut Child) -> io::Result<()> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let signal = |signal| group.map_or(Ok(()), |group| kill_process_group(group, signal));
    signal(Signal::TERM)?;
    let enough = Instant::now() + GRACE;
    while child.try_wait()?.is_none() && Instant::now() < enough {
        thread::sleep(OFTEN);
    }
    // Its children may be slower than it is; none of them left is fine.
    let _ = signal(Signal::KILL);
    child.wait().map(drop)
}

fn keep(reader: &mut impl Read, printed: &Printed) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = reader.read(&mut bytes) {
        let mut kept = printed.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&bytes[..read]);
        // What went wrong stands at the end.
        let too_much = kept.len().saturating_sub(KEPT);
        kept.drain(..too_much);
    }
}

#[cfg(test)]
mod tests {
    use super::Updater;
    use crate::update::interruption::Interruption;
    use crate::update::update_error::UpdateError;
    use std::time::{Duration, Instant};

    const LONG: Duration = Duration::from_mins(1);

    fn run(script: &'static [&'static str], limit: Duration) -> Result<String, UpdateError> {
        let updater = Updater {
            program: "/bin/sh".into(),
            arguments: script,
            variables: Vec::from([("WHAT", "it".into())]),
            directory: "/".into(),
        };
        updater.run(limit, &Interruption::default())
    }

    #[test]
    fn what_it_prints_is_kept_in_order() {
        assert_eq!(run(&["-c", "echo one; echo two >&2; echo $WHAT; pwd"], LONG).unwrap(), "one\ntwo\nit\n/\n");
        let error = run(&["-c", "echo why; exit 3"], LONG).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.output()), ("it ended with exit status: 3", "why\n"));
        assert_eq!(run(&["-c", "head -c 200000 /dev/zero; echo end"], LONG).unwrap().len(), super::KEPT);
    }

    #[test]
    fn one_that_hangs_is_killed_with_all_that_it_started() {
        let began = Instant::now();
        let error = run(&["-c", "echo begun; sleep 1000 & sleep 1000"], Duration::from_millis(300)).unwrap_err();
        assert!(matches!(error, UpdateError::Deadline { .. }), "{error}");
        assert_eq!(error.output(), "begun\n");
        assert!(began.elapsed() < Duration::from_secs(4), "somebody keeps the pipe open");
    }

    #[test]
    fn what_stays_in_the_background_is_not_waited_for() {
        assert_eq!(run(&["-c", "sleep 10 & echo done"], LONG).unwrap(), "done\n");
    }
}
