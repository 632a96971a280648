//! The signals that end the demo, as something to wait for.

use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::low_level::pipe;

/// SIGINT, SIGTERM, SIGHUP and SIGQUIT, which end the demo, and SIGWINCH.
///
/// They are caught and not blocked: programs that are started would inherit the block, agents among
/// them, and could not be asked to end any more.
#[derive(Debug)]
pub(crate) struct Signals {
    ending: UnixStream,
    resized: UnixStream,
}

impl Signals {
    /// Catches them from now on.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self { ending: arrivals(&[SIGINT, SIGTERM, SIGHUP, SIGQUIT])?, resized: arrivals(&[SIGWINCH])? })
    }

    /// Has one come that ends the demo?
    pub(crate) fn end_is_asked_for(&self) -> io::Result<bool> {
        has_come(&self.resized)?;
        has_come(&self.ending)
    }

    /// What becomes readable when a signal comes.
    pub(crate) fn sources(&self) -> [BorrowedFd<'_>; 2] {
        [self.ending.as_fd(), self.resized.as_fd()]
    }
}

fn arrivals(signals: &[i32]) -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    for signal in signals {
        pipe::register(*signal, write.try_clone()?)?;
    }
    Ok(read)
}

/// Takes all bytes that are there; a signal is one.
fn has_come(mut arrivals: &UnixStream) -> io::Result<bool> {
    let mut bytes = [0; 64];
    let mut come = false;
    loop {
        match arrivals.read(&mut bytes) {
            Ok(0) => return Ok(come),
            Ok(_) => come = true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(come),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
