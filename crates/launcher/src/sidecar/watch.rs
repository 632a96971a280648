//! The one place where a sidecar waits.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use mosaic_process::PidFd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::signals::Signals;
use crate::gate::Gate;

/// What a sidecar waits for.
#[derive(Debug)]
pub(super) struct Watch {
    /// The pane process; `None` if it had ended before anybody could watch it.
    pub(super) pane: Option<PidFd>,
    /// The tmux server: when it goes, a pane process that ignores SIGHUP may stay.
    pub(super) server: Option<PidFd>,
    pub(super) signals: Signals,
    /// Where a respawned pane's process comes for its orders.
    pub(super) gate: Option<Gate>,
}

/// What happened first; of several things the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A signal came.
    Signal,
    /// The pane process ended.
    PaneEnded,
    /// The tmux server ended.
    ServerEnded,
    /// Somebody is at the gate.
    Visitor,
    /// Time is over.
    Time,
}

impl Watch {
    /// Waits for an event, at most `limit`.
    pub(super) fn wait(&self, limit: Duration) -> io::Result<Event> {
        self.wait_for_some(limit, true)
    }

    /// Waits for a signal or the end of the pane process, whatever else happens.
    pub(super) fn wait_for_end(&self, limit: Duration) -> io::Result<Event> {
        self.wait_for_some(limit, false)
    }

    fn wait_for_some(&self, limit: Duration, everything: bool) -> io::Result<Event> {
        let Some(pane) = &self.pane else { return Ok(Event::PaneEnded) };
        let limit = Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: limit.subsec_nanos().into() };
        let watched = [
            Some((self.signals.as_fd(), Event::Signal)),
            Some((pane.as_fd(), Event::PaneEnded)),
            self.server.as_ref().filter(|_| everything).map(|server| (server.as_fd(), Event::ServerEnded)),
            self.gate.as_ref().filter(|_| everything).map(|gate| (gate.as_fd(), Event::Visitor)),
        ];
        let watched: [_; 4] = watched.map(|one| one.unwrap_or((self.signals.as_fd(), Event::Signal)));
        let mut polled = watched.map(|(fd, _)| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        match poll(&mut polled, Some(&limit)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Event::Time),
            Err(error) => return Err(error.into()),
        }
        let happened = polled.iter().zip(watched).find(|(fd, _)| !fd.revents().is_empty());
        Ok(happened.map_or(Event::Time, |(_, (_, event))| event))
    }
}
