//! Runs the updater of a program, with a timeout.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mosaic_domain::decimal_seconds;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::interrupt::Interrupt;
use crate::report::{UpdateEvent, UpdateReporter};

const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The time that the updater has to end after SIGTERM, and that its output has to end after its exit.
const GRACE: Duration = Duration::from_secs(2);
/// The number of bytes of output that are kept.
const OUTPUT_LIMIT: usize = 64 << 10;

/// The command that updates a program.
#[derive(Debug)]
pub(crate) struct UpdaterCommand {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(&'static str, OsString)>,
    pub(crate) directory: PathBuf,
}

/// Why an updater did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpdaterError {
    /// The updater could not be started or watched.
    #[error("cannot run it: {0}")]
    Start(#[source] io::Error),
    /// The updater notified a failure.
    #[error("it ended with {status}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// Its output.
        output: String,
    },
    /// The updater took longer than its timeout.
    #[error("it was killed after the timeout of {} s", decimal_seconds(*.timeout))]
    Timeout {
        /// The timeout.
        timeout: Duration,
        /// Its output.
        output: String,
    },
    /// A second signal interrupted the updater.
    #[error("it was killed by a second interrupt")]
    Interrupted {
        /// Its output.
        output: String,
    },
}

type Output = Arc<Mutex<Vec<u8>>>;

enum End {
    Exited(ExitStatus),
    TimedOut,
    Interrupted,
}

impl UpdaterError {
    /// The updater's output.
    pub(crate) fn output(&self) -> &str {
        match self {
            Self::Start(_) => "",
            Self::Failed { output, .. } | Self::Timeout { output, .. } | Self::Interrupted { output } => output,
        }
    }
}

impl UpdaterCommand {
    /// Runs the updater, and returns its output. The updater has a process group of its own, because Ctrl-C
    /// in the middle of an installation would leave a broken program.
    ///
    /// # Errors
    /// The updater failed, or took longer than `timeout`.
    pub(crate) fn run(
        &self,
        timeout: Duration,
        interrupt: &Interrupt,
        reporter: &mut dyn UpdateReporter,
    ) -> Result<String, UpdaterError> {
        let (mut reader, writer) = io::pipe().map_err(UpdaterError::Start)?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().cloned()).current_dir(&self.directory);
        command.stdin(Stdio::null()).stdout(writer.try_clone().map_err(UpdaterError::Start)?).stderr(writer);
        let mut child = command.process_group(0).spawn().map_err(UpdaterError::Start)?;
        // The command holds write ends of the pipe.
        drop(command);
        let output = Output::default();
        let kept = Arc::clone(&output);
        let reading =
            thread::Builder::new().spawn(move || read_output(&mut reader, &kept)).map_err(UpdaterError::Start)?;
        let end = wait(&mut child, timeout, interrupt, reporter);
        let deadline = Instant::now() + GRACE;
        // A process that the updater left in the background may hold the pipe open.
        while !reading.is_finished() && Instant::now() < deadline {
            thread::sleep(POLL_INTERVAL);
        }
        let output = String::from_utf8_lossy(&output.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
        match end.map_err(UpdaterError::Start)? {
            End::Exited(status) if status.success() => Ok(output),
            End::Exited(status) => Err(UpdaterError::Failed { status, output }),
            End::TimedOut => Err(UpdaterError::Timeout { timeout, output }),
            End::Interrupted => Err(UpdaterError::Interrupted { output }),
        }
    }
}

fn wait(
    child: &mut Child,
    timeout: Duration,
    interrupt: &Interrupt,
    reporter: &mut dyn UpdateReporter,
) -> io::Result<End> {
    let deadline = Instant::now() + timeout;
    let mut notified = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::Exited(status));
        }
        if interrupt.is_requested() && !notified {
            reporter.report(UpdateEvent::WaitingForUpdater);
            notified = true;
        }
        let end = match () {
            () if interrupt.is_repeated() => End::Interrupted,
            () if Instant::now() >= deadline => End::TimedOut,
            () => {
                thread::sleep(POLL_INTERVAL);
                continue;
            }
        };
        kill(child)?;
        return Ok(end);
    }
}

/// Ends the process group of the updater.
fn kill(child: &mut Child) -> io::Result<()> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let signal = |signal| group.map_or(Ok(()), |group| kill_process_group(group, signal));
    signal(Signal::TERM)?;
    let deadline = Instant::now() + GRACE;
    while child.try_wait()?.is_none() && Instant::now() < deadline {
        thread::sleep(POLL_INTERVAL);
    }
    // Its children may still run; an empty group is an error that does not matter.
    let _ = signal(Signal::KILL);
    child.wait().map(drop)
}

/// Reads until the end of the output, and keeps the last part of it, which has the cause of a failure.
fn read_output(reader: &mut impl Read, output: &Output) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = reader.read(&mut bytes) {
        let mut kept = output.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&bytes[..read]);
        let excess = kept.len().saturating_sub(OUTPUT_LIMIT);
        kept.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::{UpdaterCommand, UpdaterError};
    use crate::interrupt::Interrupt;
    use crate::report::UpdateEvent;
    use std::time::{Duration, Instant};

    const LONG: Duration = Duration::from_mins(1);

    fn run(script: &[&str], timeout: Duration) -> Result<String, UpdaterError> {
        let updater = UpdaterCommand {
            program: "/bin/sh".into(),
            arguments: script.iter().map(ToString::to_string).collect(),
            variables: Vec::from([("WHAT", "it".into())]),
            directory: "/".into(),
        };
        updater.run(timeout, &Interrupt::default(), &mut |_: UpdateEvent| {})
    }

    #[test]
    fn output_is_kept_in_order_and_limited() {
        assert_eq!(run(&["-c", "echo one; echo two >&2; echo $WHAT; pwd"], LONG).unwrap(), "one\ntwo\nit\n/\n");
        let error = run(&["-c", "echo why; exit 3"], LONG).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.output()), ("it ended with exit status: 3", "why\n"));
        assert_eq!(run(&["-c", "head -c 200000 /dev/zero; echo end"], LONG).unwrap().len(), super::OUTPUT_LIMIT);
    }

    #[test]
    fn a_hung_updater_is_killed_with_its_children() {
        let began = Instant::now();
        let error = run(&["-c", "echo begun; sleep 1000 & sleep 1000"], Duration::from_millis(300)).unwrap_err();
        assert!(matches!(error, UpdaterError::Timeout { .. }), "{error}");
        assert_eq!(error.output(), "begun\n");
        assert!(began.elapsed() < Duration::from_secs(4), "a child holds the pipe open");
    }

    #[test]
    fn background_processes_are_not_waited_for() {
        assert_eq!(run(&["-c", "sleep 10 & echo done"], LONG).unwrap(), "done\n");
    }
}
