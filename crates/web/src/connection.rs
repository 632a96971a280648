//! Serves one connection, from its first byte to its last.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Sleep, sleep_until};

use crate::connection_slots::Slot;
use crate::handler::Handler;
use crate::instrumented_io::{InstrumentedIo, Peer, Stream, Transport};
use crate::limits::Limits;
use crate::phase::{Phase, PhaseTracker};
use crate::refusal::Refusal;
use crate::request::RequestService;
use crate::shared_state::{Draining, SharedState};

/// The first byte of a TLS handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// An accepted connection.
#[derive(Debug)]
pub(crate) struct Connection<H> {
    pub(crate) peer: Peer,
    pub(crate) tracker: Arc<PhaseTracker>,
    pub(crate) guard: ConnectionGuard,
    pub(crate) shared: Arc<SharedState<H>>,
}

impl<H: Handler> Connection<H> {
    /// Serves the connection until it ends.
    pub(crate) async fn serve(mut self, stream: Stream) {
        // Buffers are allocated after the first byte, so that clients that only connect cost almost nothing.
        match self.guard.run(stream.first_byte()).await {
            Ok(Ok(Some(first))) => {
                if let Some(transport) = self.transport(stream, first).await {
                    self.serve_http(transport).await;
                }
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::debug!(peer = %self.peer, %error, "connection failed"),
            Err(reason) => tracing::debug!(peer = %self.peer, ?reason, "connection closed before a request"),
        }
    }

    async fn transport(&mut self, stream: Stream, first: u8) -> Option<Transport> {
        let Some(acceptor) = self.shared.config.current().tls.clone() else { return Some(Transport::Plain(stream)) };
        if first != TLS_HANDSHAKE {
            tracing::debug!(peer = %self.peer, "client does not use TLS on a TLS port");
            if first.is_ascii_uppercase() {
                self.refuse(Transport::Plain(stream), &Refusal::NotHttps).await;
            }
            return None;
        }
        match self.guard.run(acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(Transport::Tls(Box::new(stream))),
            Ok(Err(error)) => {
                tracing::debug!(peer = %self.peer, %error, "TLS handshake failed");
                None
            }
            Err(reason) => {
                tracing::debug!(peer = %self.peer, ?reason, "connection closed in the TLS handshake");
                None
            }
        }
    }

    async fn serve_http(&mut self, transport: Transport) {
        let io = InstrumentedIo::new(transport, Arc::clone(&self.tracker));
        let requests =
            RequestService { peer: self.peer, tracker: Arc::clone(&self.tracker), shared: Arc::clone(&self.shared) };
        let service = service_fn(|request| requests.call(request));
        let mut http = http1::Builder::new()
            .header_read_timeout(None)
            .max_header_size(self.shared.limits.head_bytes)
            // hyper applies the lower of the two limits, and requires at least 8 KiB for this one.
            .max_buf_size(self.shared.limits.head_bytes.max(8 * 1024))
            .serve_connection(TokioIo::new(io), service);
        let mut is_shutting_down = false;
        let outcome = poll_fn(|cx| {
            if let Poll::Ready(outcome) = http.poll_without_shutdown(cx) {
                return Poll::Ready(Ok(outcome));
            }
            let closed = self.guard.poll(cx).map(Err);
            // After its last response hyper closes the connection by itself. A graceful shutdown would not wait until that
            // response is written.
            if self.guard.is_draining() && !is_shutting_down && !self.tracker.is_last_response() {
                is_shutting_down = true;
                Pin::new(&mut http).graceful_shutdown();
                // The connection has to be polled again for the shutdown to take effect.
                cx.waker().wake_by_ref();
            }
            closed
        })
        .await;
        let transport = http.into_parts().io.into_inner().transport;
        match self.refusal(&outcome) {
            Some(refusal) => self.refuse(transport, &refusal).await,
            None if matches!(outcome, Ok(Ok(()))) => self.drain(transport).await,
            None => tracing::debug!(peer = %self.peer, ?outcome, "connection ended"),
        }
    }

    /// The refusal to send to a client whose bytes did not become a request.
    fn refusal(&self, outcome: &Result<hyper::Result<()>, CloseReason>) -> Option<Refusal> {
        let limits = &self.shared.limits;
        match outcome {
            Err(CloseReason::TimedOut(Phase::ReadingHead)) => {
                Some(Refusal::HeadTooSlow { seconds: limits.head.as_secs() })
            }
            Ok(Err(error)) if error.is_parse_too_large() => {
                Some(if self.tracker.request_line_exceeds(limits.target_bytes) {
                    Refusal::TargetTooLong { limit: limits.target_bytes }
                } else {
                    Refusal::HeadTooLarge { limit: limits.head_bytes }
                })
            }
            Ok(Err(error)) if error.is_parse() => Some(Refusal::Malformed),
            _ => None,
        }
    }

    async fn refuse(&mut self, mut transport: Transport, refusal: &Refusal) {
        tracing::debug!(peer = %self.peer, ?refusal, "request refused");
        self.shared.handler.refused(refusal.reason());
        self.tracker.enter(Phase::Closing);
        if let Ok(Ok(())) = self.guard.run(transport.io().write_all(&refusal.to_bytes())).await {
            self.drain(transport).await;
        }
    }

    /// Closes the write side and discards what the client still sends until the client closes its side.
    ///
    /// The kernel resets a connection that is closed with unread data, and the client may then never see the response.
    async fn drain(&mut self, mut transport: Transport) {
        self.tracker.enter(Phase::Closing);
        let drained = async {
            transport.io().shutdown().await?;
            let mut discarded = [0; 4096];
            while transport.io().read(&mut discarded).await? > 0 {}
            Ok::<(), io::Error>(())
        };
        // A client that does not close its side in time is disconnected.
        let _ = self.guard.run(drained).await;
    }
}

/// The reason why the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// The phase lasted too long.
    TimedOut(Phase),
    /// Another connection took its slot.
    Evicted,
    /// The server drains, and no response is in progress.
    Drained,
}

/// Closes one connection on a timeout, on eviction and on shutdown. It uses one timer.
pub(crate) struct ConnectionGuard {
    tracker: Arc<PhaseTracker>,
    limits: Arc<Limits>,
    slot: Slot,
    draining: Option<Draining>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl ConnectionGuard {
    pub(crate) fn new(tracker: Arc<PhaseTracker>, limits: Arc<Limits>, slot: Slot, draining: Draining) -> Self {
        Self { tracker, limits, slot, draining: Some(draining), timer: None }
    }

    /// Whether the server accepts no more requests.
    fn is_draining(&self) -> bool {
        self.draining.is_none()
    }

    /// Ready when the connection has to be closed. Poll the guarded work first, because it may change the phase.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<CloseReason> {
        if self.slot.poll_evicted(cx).is_ready() {
            return Poll::Ready(CloseReason::Evicted);
        }
        if self.draining.as_mut().is_some_and(|draining| draining.as_mut().poll(cx).is_ready()) {
            self.draining = None;
        }
        let (phase, since) = self.tracker.current();
        if self.is_draining() && !phase.is_responding() && phase != Phase::Closing {
            return Poll::Ready(CloseReason::Drained);
        }
        let Some(limit) = phase.time_limit(&self.limits) else { return Poll::Pending };
        let deadline = since + limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx).map(|()| CloseReason::TimedOut(phase))
    }

    /// Runs a future to its end, unless the connection has to be closed first.
    async fn run<F: Future>(&mut self, work: F) -> Result<F::Output, CloseReason> {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll(cx).map(Err),
        })
        .await
    }
}

impl fmt::Debug for ConnectionGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionGuard").field("tracker", &self.tracker).finish_non_exhaustive()
    }
}
