//! Running a child process with a deadline, because a program outside this process may hang.

use std::io::{self, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mosaic_domain::{Pid, decimal_seconds};
use rustix::process::Signal;

use crate::PidFd;

/// The error of a command that was run with a deadline.
#[derive(Debug, thiserror::Error)]
pub enum BoundedError {
    /// The command cannot be started.
    #[error("cannot start it: {0}")]
    Start(#[source] io::Error),
    /// The command did not end in time, and was killed.
    #[error("no answer within {} s", decimal_seconds(*.0))]
    Deadline(Duration),
    /// The output of the command cannot be read.
    #[error("cannot read its output: {0}")]
    Read(#[source] io::Error),
}

/// Runs a command with an empty standard input, and returns its output and exit status.
///
/// # Errors
/// The command cannot be started, or it has not ended and closed its output within `limit`; in that case
/// it is killed.
pub fn bounded_output(command: &mut Command, limit: Duration) -> Result<Output, BoundedError> {
    command.stdin(Stdio::null());
    collect(start(command)?, limit)
}

/// Runs a command with `input` as its standard input, and returns its output and exit status.
///
/// # Errors
/// The same as of [`bounded_output`].
pub fn bounded_output_with_input(
    command: &mut Command,
    input: Vec<u8>,
    limit: Duration,
) -> Result<Output, BoundedError> {
    command.stdin(Stdio::piped());
    let mut child = start(command)?;
    if let Some(mut pipe) = child.stdin.take() {
        // A write error is ignored: a command that ends without reading all of its input reports that by
        // its exit status. The thread ends with the command.
        thread::Builder::new().spawn(move || pipe.write_all(&input)).map_err(BoundedError::Start)?;
    }
    collect(child, limit)
}

fn start(command: &mut Command) -> Result<Child, BoundedError> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(BoundedError::Start)
}

fn collect(child: Child, limit: Duration) -> Result<Output, BoundedError> {
    let pid = Pid::new(child.id()).ok_or(io::ErrorKind::NotFound).map_err(|kind| BoundedError::Start(kind.into()))?;
    let fd = PidFd::open(pid).map_err(BoundedError::Start)?;
    let (done, ended) = mpsc::sync_channel(1);
    // The thread reaps the child in any case. It outlives the deadline only while a descendant of the
    // child keeps the pipes open.
    thread::Builder::new().spawn(move || done.send(child.wait_with_output())).map_err(BoundedError::Start)?;
    let Ok(output) = ended.recv_timeout(limit) else {
        fd.signal(Signal::KILL).map_err(BoundedError::Read)?;
        return Err(BoundedError::Deadline(limit));
    };
    output.map_err(BoundedError::Read)
}

#[cfg(test)]
mod tests {
    use super::{BoundedError, bounded_output, bounded_output_with_input};
    use std::process::Command;
    use std::time::Duration;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn both_streams_and_the_status_are_collected() {
        let script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 3";
        let output = bounded_output(Command::new("sh").args(["-c", script]), LONG).unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len(), output.status.code()), (300_000, 300_000, Some(3)));
    }

    #[test]
    fn a_command_that_hangs_is_killed() {
        for script in ["exec sleep 1000", "exec sleep 1000 >&- 2>&-"] {
            let hung = bounded_output(Command::new("sh").args(["-c", script]), Duration::from_millis(50));
            assert!(matches!(hung, Err(BoundedError::Deadline(_))), "{script}");
        }
    }

    #[test]
    fn a_missing_program_is_a_start_error() {
        assert!(matches!(bounded_output(&mut Command::new("/nonexistent/x"), LONG), Err(BoundedError::Start(_))));
    }

    #[test]
    fn a_command_may_read_all_of_its_input_or_nothing() {
        let input = vec![b'x'; 1 << 20];
        let output = bounded_output_with_input(&mut Command::new("cat"), input.clone(), LONG).unwrap();
        assert_eq!(output.stdout, input);
        let output = bounded_output_with_input(&mut Command::new("true"), input, LONG).unwrap();
        assert!(output.status.success());
    }
}
