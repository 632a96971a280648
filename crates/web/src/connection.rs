//! One connection, from its first byte to its last.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::exchange::{Exchange, Transport};
use crate::handler::Handler;
use crate::phase::{Phase, Progress};
use crate::refusal::Refusal;
use crate::request::Answering;
use crate::shared::Shared;
use crate::stream::{Peer, Stream};
use crate::watch::{Ended, Watch};

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) struct Connection<H> {
    pub(crate) peer: Peer,
    pub(crate) progress: Arc<Progress>,
    pub(crate) watch: Watch,
    pub(crate) shared: Arc<Shared<H>>,
}

impl<H: Handler> Connection<H> {
    /// Serves it until its end.
    pub(crate) async fn serve(mut self, stream: Stream) {
        // Buffers come with the first byte: many that only connect cost next to nothing.
        match self.watch.over(stream.first_byte()).await {
            Ok(Ok(Some(first))) => {
                if let Some(transport) = self.transport(stream, first).await {
                    self.exchange(transport).await;
                }
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::debug!(peer = %self.peer, %error, "connection failed"),
            Err(ended) => tracing::debug!(peer = %self.peer, ?ended, "connection closed before a request"),
        }
    }

    async fn transport(&mut self, stream: Stream, first: u8) -> Option<Transport> {
        let Some(acceptor) = self.shared.config.in_force().tls.clone() else { return Some(Transport::Plain(stream)) };
        if first != HANDSHAKE {
            tracing::debug!(peer = %self.peer, "no TLS on a TLS port");
            if first.is_ascii_uppercase() {
                self.refuse(Transport::Plain(stream), &Refusal::NotHttps).await;
            }
            return None;
        }
        match self.watch.over(acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(Transport::Tls(Box::new(stream))),
            Ok(Err(error)) => {
                tracing::debug!(peer = %self.peer, %error, "TLS handshake failed");
                None
            }
            Err(ended) => {
                tracing::debug!(peer = %self.peer, ?ended, "connection closed in the TLS handshake");
                None
            }
        }
    }

    async fn exchange(&mut self, transport: Transport) {
        let exchange = Exchange::new(transport, Arc::clone(&self.progress));
        let answering =
            Answering { peer: self.peer, progress: Arc::clone(&self.progress), shared: Arc::clone(&self.shared) };
        let service = service_fn(|request| answering.answer(request));
        let mut http = http1::Builder::new()
            .header_read_timeout(None)
            .max_header_size(self.shared.limits.head_bytes)
            // hyper stops at whichever is less; its own least is 8 KiB.
            .max_buf_size(self.shared.limits.head_bytes.max(8 * 1024))
            .serve_connection(TokioIo::new(exchange), service);
        let mut was_told = false;
        let outcome = poll_fn(|cx| {
            if let Poll::Ready(outcome) = http.poll_without_shutdown(cx) {
                return Poll::Ready(Ok(outcome));
            }
            let ended = self.watch.poll(cx).map(Err);
            if self.watch.is_draining() && !was_told {
                was_told = true;
                Pin::new(&mut http).graceful_shutdown();
                // What it makes of that is seen by polling it once more.
                cx.waker().wake_by_ref();
            }
            ended
        })
        .await;
        let transport = http.into_parts().io.into_inner().transport;
        match self.refusal(&outcome) {
            Some(refusal) => self.refuse(transport, &refusal).await,
            None if matches!(outcome, Ok(Ok(()))) => self.leave(transport).await,
            None => tracing::debug!(peer = %self.peer, ?outcome, "connection ended"),
        }
    }

    /// What is to be said to a client whose request did not become one.
    fn refusal(&self, outcome: &Result<hyper::Result<()>, Ended>) -> Option<Refusal> {
        let limits = &self.shared.limits;
        match outcome {
            Err(Ended::Late(Phase::Head)) => Some(Refusal::HeadTooSlow { seconds: limits.head.as_secs() }),
            Ok(Err(error)) if error.is_parse_too_large() => Some(if self.progress.line_exceeds(limits.target_bytes) {
                Refusal::TargetTooLong { limit: limits.target_bytes }
            } else {
                Refusal::HeadTooLarge { limit: limits.head_bytes }
            }),
            Ok(Err(error)) if error.is_parse() => Some(Refusal::Malformed),
            _ => None,
        }
    }

    async fn refuse(&mut self, mut transport: Transport, refusal: &Refusal) {
        tracing::debug!(peer = %self.peer, ?refusal, "request refused");
        self.progress.enter(Phase::Leaving);
        if let Ok(Ok(())) = self.watch.over(transport.io().write_all(&refusal.bytes())).await {
            self.leave(transport).await;
        }
    }

    /// Closes our half, and waits for the client's. A connection that is closed with something unread in it is reset,
    /// and the client may never see what was written.
    async fn leave(&mut self, mut transport: Transport) {
        self.progress.enter(Phase::Leaving);
        let farewell = async {
            transport.io().shutdown().await?;
            let mut thrown_away = [0; 4096];
            while transport.io().read(&mut thrown_away).await? > 0 {}
            Ok::<(), io::Error>(())
        };
        // Whoever does not go along is left.
        let _ = self.watch.over(farewell).await;
    }
}
