//! The byte streams below HTTP: sockets, with or without TLS, that record what a connection is doing.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;

use crate::phase::PhaseTracker;

/// The client at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    /// A TCP client, by its address.
    Tcp(SocketAddr),
    /// A local process that may open the server's Unix socket.
    Unix,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// An accepted socket.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket that records whether the client reads what is written.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: Socket,
    tracker: Arc<PhaseTracker>,
}

impl Stream {
    pub(crate) fn new(socket: Socket, tracker: Arc<PhaseTracker>) -> Self {
        Self { socket, tracker }
    }

    /// Waits for the first byte and leaves it in the socket; `None` if the client closes the connection first.
    pub(crate) async fn first_byte(&self) -> io::Result<Option<u8>> {
        match &self.socket {
            Socket::Tcp(socket) => socket.async_io(Interest::READABLE, || peek(socket)).await,
            Socket::Unix(socket) => socket.async_io(Interest::READABLE, || peek(socket)).await,
        }
    }

    fn record<T: PartialOrd + Default>(&self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &outcome {
            Poll::Pending => self.tracker.write_blocked(),
            Poll::Ready(Ok(written)) if *written > T::default() => self.tracker.write_progressed(),
            Poll::Ready(_) => {}
        }
        outcome
    }
}

fn peek(socket: &impl AsFd) -> io::Result<Option<u8>> {
    let mut first = [0];
    let (count, _) = rustix::net::recv(socket, &mut first, RecvFlags::PEEK)?;
    Ok((count > 0).then_some(first[0]))
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Socket::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            Socket::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
        };
        self.record(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, bytes),
            Socket::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, bytes),
        };
        self.record(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has no buffer of its own.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}

/// A connection with TLS or without.
#[derive(Debug)]
pub(crate) enum Transport {
    Plain(Stream),
    Tls(Box<TlsStream<Stream>>),
}

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl Transport {
    pub(crate) fn io(&mut self) -> Pin<&mut dyn Duplex> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }
}

/// The stream that HTTP runs over: it records when requests begin and when responses are sent.
#[derive(Debug)]
pub(crate) struct InstrumentedIo {
    pub(crate) transport: Transport,
    tracker: Arc<PhaseTracker>,
}

impl InstrumentedIo {
    pub(crate) fn new(transport: Transport, tracker: Arc<PhaseTracker>) -> Self {
        Self { transport, tracker }
    }

    /// Whether a write is hyper's own response to a request that it cannot parse, a status without a text.
    ///
    /// Such a write is dropped, because the connection sends a response that explains the refusal.
    fn is_hyper_error_response(&self) -> bool {
        !self.tracker.current().0.is_responding()
    }
}

impl AsyncRead for InstrumentedIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.transport.io().poll_read(cx, buffer))?;
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            self.tracker.bytes_read(read);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for InstrumentedIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_hyper_error_response() {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.transport.io().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_hyper_error_response() {
            return Poll::Ready(Ok(bytes.iter().map(|part| part.len()).sum()));
        }
        self.transport.io().poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.transport.io().poll_flush(cx))?;
        self.tracker.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.transport.io().poll_shutdown(cx)
    }
}
