//! The signals that a sidecar obeys, as events among others.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// SIGTERM, SIGINT: end the agent; a second one: at once.
    Stop,
    /// SIGUSR1: leave the agent to another sidecar.
    HandOver,
}

/// SIGTERM, SIGINT, SIGUSR1 and SIGHUP, blocked and readable. SIGHUP is among them to be passed
/// over: a terminal that closes ends neither the sidecar nor the agent.
#[derive(Debug)]
pub(crate) struct Signals(SignalFd);

impl Signals {
    /// Blocks them from now on, also for the programs that are started: tmux clients, which live for
    /// milliseconds.
    pub(crate) fn block() -> io::Result<Self> {
        let set: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGHUP].into_iter().collect();
        set.thread_block()?;
        Ok(Self(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?))
    }

    /// The next request that came, if any did.
    pub(super) fn next(&self) -> io::Result<Option<Wish>> {
        const TERM: u32 = Signal::SIGTERM as u32;
        const INT: u32 = Signal::SIGINT as u32;
        const USR1: u32 = Signal::SIGUSR1 as u32;
        while let Some(signal) = self.0.read_signal()? {
            match signal.ssi_signo {
                TERM | INT => return Ok(Some(Wish::Stop)),
                USR1 => return Ok(Some(Wish::HandOver)),
                _ => {}
            }
        }
        Ok(None)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
