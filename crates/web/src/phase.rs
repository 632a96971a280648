//! The phase of a connection and its start time, which decide how long the connection may go on and which connection
//! is closed under overload.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing is read yet but the TLS handshake.
    Opening,
    /// The connection is between two requests.
    Idle,
    /// The head of a request is incomplete.
    ReadingHead,
    /// A request is being answered.
    Responding,
    /// A request is being answered, and the client does not read.
    Stalled,
    /// The last byte is written, and what the client still sends is discarded.
    Closing,
}

impl Phase {
    pub(crate) fn is_responding(self) -> bool {
        matches!(self, Self::Responding | Self::Stalled)
    }

    /// How long the phase may last; `None` if only the handler decides.
    pub(crate) fn time_limit(self, limits: &Limits) -> Option<Duration> {
        match self {
            Self::Opening | Self::ReadingHead => Some(limits.head),
            Self::Idle => Some(limits.idle),
            Self::Responding => None,
            Self::Stalled => Some(limits.stall),
            Self::Closing => Some(limits.linger),
        }
    }
}

/// The phase of one connection, shared by its socket, its HTTP stream and its response body.
#[derive(Debug)]
pub(crate) struct PhaseTracker(Mutex<State>);

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Whether the response is complete but not yet flushed.
    is_complete: bool,
    /// Whether the response says that the connection ends with it.
    is_last: bool,
    /// The bytes of the request line so far; `None` once the line has ended.
    request_line: Option<usize>,
}

impl PhaseTracker {
    pub(crate) fn new() -> Self {
        let phase = Phase::Opening;
        Self(Mutex::new(State { phase, since: Instant::now(), is_complete: false, is_last: false, request_line: None }))
    }

    /// The phase, and when it began.
    pub(crate) fn current(&self) -> (Phase, Instant) {
        let state = self.state();
        (state.phase, state.since)
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.state().enter(phase);
    }

    /// Records bytes that were read.
    pub(crate) fn bytes_read(&self, bytes: &[u8]) {
        let mut state = self.state();
        match state.phase {
            Phase::Opening | Phase::Idle => {
                state.enter(Phase::ReadingHead);
                state.request_line = Some(0);
            }
            // Pipelined bytes count once the current response is sent.
            Phase::ReadingHead | Phase::Responding | Phase::Stalled | Phase::Closing => {}
        }
        if let Some(before) = state.request_line {
            state.request_line = (!bytes.contains(&b'\n')).then_some(before + bytes.len());
        }
    }

    /// Whether the request line that is being read is longer than `limit` bytes.
    pub(crate) fn request_line_exceeds(&self, limit: usize) -> bool {
        self.state().request_line.is_some_and(|length| length > limit)
    }

    /// Records that a request is complete and its response begins.
    pub(crate) fn begin_response(&self) {
        let mut state = self.state();
        state.enter(Phase::Responding);
        state.is_complete = false;
        state.request_line = None;
    }

    /// Records that the response says that the connection ends with it.
    pub(crate) fn announce_close(&self) {
        self.state().is_last = true;
    }

    /// Whether the client has been, or is being, informed that the connection ends with the current response.
    pub(crate) fn is_last_response(&self) -> bool {
        self.state().is_last
    }

    /// Records that the socket's send buffer is full.
    pub(crate) fn write_blocked(&self) {
        let mut state = self.state();
        if state.phase == Phase::Responding {
            state.enter(Phase::Stalled);
        }
    }

    /// Records that the socket took bytes.
    pub(crate) fn write_progressed(&self) {
        let mut state = self.state();
        if state.phase == Phase::Stalled {
            state.enter(Phase::Responding);
        }
    }

    /// Records that the whole response is handed to hyper.
    pub(crate) fn complete_response(&self) {
        self.state().is_complete = true;
    }

    /// Records that everything written so far is in the kernel.
    pub(crate) fn flushed(&self) {
        let mut state = self.state();
        if state.is_complete && state.phase.is_responding() {
            state.enter(Phase::Idle);
            state.is_complete = false;
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
