//! A child process that is given up at a deadline: whatever leaves this process may hang.

use std::io::{self, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mosaic_domain::Pid;
use rustix::process::Signal;

use crate::PidFd;

/// Why there is no output of a child.
#[derive(Debug, thiserror::Error)]
pub enum BoundedError {
    /// It could not be started.
    #[error("cannot start it: {0}")]
    Start(#[source] io::Error),
    /// It did not end in time, and was killed.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Deadline(Duration),
    /// Its output could not be read.
    #[error("cannot read its output: {0}")]
    Read(#[source] io::Error),
}

/// Runs a command without input, and collects what it prints and how it ends.
///
/// # Errors
/// It cannot be started, or has not ended and closed its output when `limit` is over; then it is
/// killed.
pub fn bounded_output(command: &mut Command, limit: Duration) -> Result<Output, BoundedError> {
    command.stdin(Stdio::null());
    collect(start(command)?, limit)
}

/// The same, of a command that reads this from its standard input.
///
/// # Errors
/// As [`bounded_output`].
pub fn bounded_output_of(command: &mut Command, input: Vec<u8>, limit: Duration) -> Result<Output, BoundedError> {
    command.stdin(Stdio::piped());
    let mut child = start(command)?;
    if let Some(mut pipe) = child.stdin.take() {
        // A command that ends without having read it all says so by how it ends. The thread ends with
        // the command.
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
    // The thread reaps the child in any case. It outlives a deadline only while a descendant of the
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
    use super::{BoundedError, bounded_output, bounded_output_of};
    use std::process::Command;
    use std::time::Duration;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn both_streams_and_the_status_are_collected_however_much_there_is() {
        let script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 3";
        let output = bounded_output(Command::new("sh").args(["-c", script]), LONG).unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len(), output.status.code()), (300_000, 300_000, Some(3)));
    }

    #[test]
    fn a_command_that_hangs_is_given_up_and_killed() {
        for script in ["exec sleep 1000", "exec sleep 1000 >&- 2>&-"] {
            let hung = bounded_output(Command::new("sh").args(["-c", script]), Duration::from_millis(50));
            assert!(matches!(hung, Err(BoundedError::Deadline(_))), "{script}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_its_own_error() {
        assert!(matches!(bounded_output(&mut Command::new("/nonexistent/x"), LONG), Err(BoundedError::Start(_))));
    }

    #[test]
    fn a_command_reads_all_of_its_input_or_none() {
        let input = vec![b'x'; 1 << 20];
        let output = bounded_output_of(&mut Command::new("cat"), input.clone(), LONG).unwrap();
        assert_eq!(output.stdout, input);
        let output = bounded_output_of(&mut Command::new("true"), input, LONG).unwrap();
        assert!(output.status.success());
    }
}
