//! A connection's socket, whichever kind it is, and who is at its other end.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::net::RecvFlags;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::phase::Progress;

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    Tcp(SocketAddr),
    /// Somebody of this host who may open our socket.
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

/// The socket. It notes whether the client takes what is written.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: Socket,
    progress: Arc<Progress>,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(crate) fn new(socket: Socket, progress: Arc<Progress>) -> Self {
        Self { socket, progress }
    }

    /// The first byte, which stays where it is; nothing if there will be none.
    pub(crate) async fn first_byte(&self) -> io::Result<Option<u8>> {
        match &self.socket {
            Socket::Tcp(socket) => socket.async_io(Interest::READABLE, || peek(socket)).await,
            Socket::Unix(socket) => socket.async_io(Interest::READABLE, || peek(socket)).await,
        }
    }

    fn note<T: PartialOrd + Default>(&self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &outcome {
            Poll::Pending => self.progress.blocked(),
            Poll::Ready(Ok(taken)) if *taken > T::default() => self.progress.moved(),
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
        self.note(outcome)
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
        self.note(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket holds nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
