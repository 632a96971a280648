//! The one place where a sidecar waits, and the signals that it receives there.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_process::PidFd;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::handshake::HandshakeSocket;

/// What a signal requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalRequest {
    /// SIGTERM or SIGINT: stop the agent. A second one skips the grace period.
    Stop {
        /// The process that sent it. `None` if the kernel did.
        sender: Option<Pid>,
    },
    /// SIGUSR1: leave the agent to another sidecar.
    HandOver,
}

/// SIGTERM, SIGINT, SIGUSR1 and SIGHUP, blocked and readable from a descriptor. SIGHUP is read and ignored, because a
/// terminal that closes must end neither the sidecar nor the agent.
#[derive(Debug)]
pub(crate) struct Signals(SignalFd);

impl Signals {
    /// Blocks the signals from now on. Child processes inherit the block: tmux clients, which run for milliseconds.
    pub(crate) fn block() -> io::Result<Self> {
        let set: SigSet = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGHUP].into_iter().collect();
        set.thread_block()?;
        Ok(Self(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?))
    }

    /// The next pending request, if there is one.
    pub(super) fn next_request(&self) -> io::Result<Option<SignalRequest>> {
        const TERM: u32 = Signal::SIGTERM as u32;
        const INT: u32 = Signal::SIGINT as u32;
        const USR1: u32 = Signal::SIGUSR1 as u32;
        while let Some(signal) = self.0.read_signal()? {
            match signal.ssi_signo {
                TERM | INT => return Ok(Some(SignalRequest::Stop { sender: Pid::new(signal.ssi_pid) })),
                USR1 => return Ok(Some(SignalRequest::HandOver)),
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

/// The sources of events for which a sidecar waits.
#[derive(Debug)]
pub(super) struct EventSources {
    /// The pane process. `None` if it had ended before it could be opened.
    pub(super) pane: Option<PidFd>,
    /// The tmux server. When it ends, a pane process that ignores SIGHUP may run on.
    pub(super) server: Option<PidFd>,
    pub(super) signals: Signals,
    /// The socket to which the process of a respawned pane connects.
    pub(super) handshake: Option<HandshakeSocket>,
}

/// The most urgent event that occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A signal arrived.
    Signal,
    /// The pane process ended.
    PaneEnded,
    /// The tmux server ended.
    ServerEnded,
    /// A process connected to the handshake socket.
    PaneConnected,
    /// The service manager has room for the notifications that wait.
    ManagerReads,
    /// The time is over.
    Timeout,
}

impl EventSources {
    /// Waits for an event, at most for `timeout`. `manager` is the service manager's socket if notifications wait.
    pub(super) fn wait(&self, timeout: Duration, manager: Option<BorrowedFd<'_>>) -> io::Result<Event> {
        let server = self.server.as_ref().map(AsFd::as_fd);
        let handshake = self.handshake.as_ref().map(AsFd::as_fd);
        self.poll(timeout, [server, handshake, manager])
    }

    /// Waits for a signal or the end of the pane process only.
    pub(super) fn wait_for_end(&self, timeout: Duration) -> io::Result<Event> {
        self.poll(timeout, [None; 3])
    }

    fn poll(&self, timeout: Duration, [server, handshake, manager]: [Option<BorrowedFd<'_>>; 3]) -> io::Result<Event> {
        let Some(pane) = &self.pane else { return Ok(Event::PaneEnded) };
        let timeout = Timespec { tv_sec: timeout.as_secs().cast_signed(), tv_nsec: timeout.subsec_nanos().into() };
        let sources = [
            (Some(self.signals.as_fd()), PollFlags::IN, Event::Signal),
            (Some(pane.as_fd()), PollFlags::IN, Event::PaneEnded),
            (server, PollFlags::IN, Event::ServerEnded),
            (handshake, PollFlags::IN, Event::PaneConnected),
            (manager, PollFlags::OUT, Event::ManagerReads),
        ];
        let no_source = (self.signals.as_fd(), PollFlags::IN, Event::Signal);
        let sources = sources.map(|(fd, flags, event)| fd.map_or(no_source, |fd| (fd, flags, event)));
        let mut polled = sources.map(|(fd, flags, _)| PollFd::from_borrowed_fd(fd, flags));
        match poll(&mut polled, Some(&timeout)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Event::Timeout),
            Err(error) => return Err(error.into()),
        }
        let occurred = polled.iter().zip(sources).find(|(fd, _)| !fd.revents().is_empty());
        Ok(occurred.map_or(Event::Timeout, |(_, (_, _, event))| event))
    }
}
