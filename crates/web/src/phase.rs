//! What a connection is doing, and since when: that decides how long it may go on, and who is closed to make room.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing was read of it yet but the TLS handshake.
    Opening,
    /// Between two requests.
    Idle,
    /// A request has begun, and is not complete.
    Head,
    /// A request is being answered.
    Answering,
    /// The client does not take what is written.
    Stalled,
    /// The last byte was written; what the client still sends is thrown away.
    Leaving,
}

impl Phase {
    pub(crate) fn is_answering(self) -> bool {
        matches!(self, Self::Answering | Self::Stalled)
    }

    /// How long it may take; an answer takes as long as its handler does.
    pub(crate) fn allowed(self, limits: &Limits) -> Option<Duration> {
        match self {
            Self::Opening | Self::Head => Some(limits.head),
            Self::Idle => Some(limits.idle),
            Self::Answering => None,
            Self::Stalled => Some(limits.stall),
            Self::Leaving => Some(limits.linger),
        }
    }
}

/// What a connection is doing, written by whoever sees it: the socket, the reader of requests, the answer.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// The answer is complete, but not yet on its way.
    is_written: bool,
    /// Bytes of the request line that is being read, as long as it goes on.
    line: Option<usize>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let phase = Phase::Opening;
        Self(Mutex::new(State { phase, since: Instant::now(), is_written: false, line: None }))
    }

    pub(crate) fn now(&self) -> (Phase, Instant) {
        let state = self.state();
        (state.phase, state.since)
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.state().enter(phase);
    }

    /// Bytes of a request were read.
    pub(crate) fn read(&self, bytes: &[u8]) {
        let mut state = self.state();
        match state.phase {
            Phase::Opening | Phase::Idle => {
                state.enter(Phase::Head);
                state.line = Some(0);
            }
            // What is sent ahead counts as read once it is a request.
            Phase::Head | Phase::Answering | Phase::Stalled | Phase::Leaving => {}
        }
        if let Some(before) = state.line {
            state.line = (!bytes.contains(&b'\n')).then_some(before + bytes.len());
        }
    }

    /// Whether the head that is being read is a request line beyond this length.
    pub(crate) fn line_exceeds(&self, limit: usize) -> bool {
        self.state().line.is_some_and(|length| length > limit)
    }

    /// A request is complete, and its answer begins.
    pub(crate) fn answering(&self) {
        let mut state = self.state();
        state.enter(Phase::Answering);
        state.is_written = false;
        state.line = None;
    }

    /// The socket takes nothing more.
    pub(crate) fn blocked(&self) {
        let mut state = self.state();
        if state.phase == Phase::Answering {
            state.enter(Phase::Stalled);
        }
    }

    /// The socket took something.
    pub(crate) fn moved(&self) {
        let mut state = self.state();
        if state.phase == Phase::Stalled {
            state.enter(Phase::Answering);
        }
    }

    /// Nothing will be added to the answer.
    pub(crate) fn written(&self) {
        self.state().is_written = true;
    }

    /// Everything that was written is with the kernel.
    pub(crate) fn flushed(&self) {
        let mut state = self.state();
        if state.is_written && state.phase.is_answering() {
            state.enter(Phase::Idle);
            state.is_written = false;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }
}
