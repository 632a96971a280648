//! Takes connections from several sockets, each in its turn.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::time::{Sleep, sleep};

use crate::listener::{self, Listener};
use crate::stream::{Peer, Socket};
use crate::unix_socket::SocketFile;

/// What the kernel keeps of an answer that cannot be sent yet. Left to itself it copies megabytes for each client
/// that reads nothing (`tcp_wmem`), at the cost of as much memory and of the time to fill it; what is on its way to
/// one that does read is not limited by this (tcp(7), `TCP_NOTSENT_LOWAT`).
const UNSENT_BYTES: u32 = 64 * 1024;

/// All sockets that listen.
#[derive(Debug)]
pub(crate) struct Acceptor {
    sockets: Vec<Accepting>,
    next: usize,
    pause: Option<Pin<Box<Sleep>>>,
    /// Removed with it.
    _files: Vec<SocketFile>,
}

#[derive(Debug)]
enum Accepting {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Acceptor {
    pub(crate) fn new(listeners: Vec<Listener>) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut sockets = Vec::new();
        for listener in listeners {
            files.extend(listener.file);
            sockets.push(match listener.socket {
                listener::Socket::Tcp(socket) => Accepting::Tcp(TcpListener::from_std(socket)?),
                listener::Socket::Unix(socket) => Accepting::Unix(UnixListener::from_std(socket)?),
            });
        }
        Ok(Self { sockets, next: 0, pause: None, _files: files })
    }

    /// The next connection. An error is one of the process or the host, not of the connection.
    pub(crate) async fn accept(&mut self) -> io::Result<(Socket, Peer)> {
        if let Some(pause) = &mut self.pause {
            pause.await;
            self.pause = None;
        }
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// Accepts nothing for a while.
    pub(crate) fn pause(&mut self, length: Duration) {
        self.pause = Some(Box::pin(sleep(length)));
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Socket, Peer)>> {
        let count = self.sockets.len();
        for turn in 0..count {
            let place = (self.next + turn) % count;
            while let Poll::Ready(accepted) = self.sockets[place].poll_accept(cx) {
                match accepted {
                    // It was gone before it was taken.
                    Err(error) if is_of_the_connection(&error) => {}
                    accepted => {
                        self.next = place + 1;
                        return Poll::Ready(accepted);
                    }
                }
            }
        }
        Poll::Pending
    }
}

impl Accepting {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Socket, Peer)>> {
        match self {
            Self::Tcp(socket) => socket.poll_accept(cx).map_ok(|(stream, peer)| {
                // Answers are written at once; without it their last part waits for the client to confirm the first.
                let _ = stream.set_nodelay(true);
                // Where the kernel does not know it, a crowd costs what it did: each takes a copy of its own.
                let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
                (Socket::Tcp(stream), Peer::Tcp(peer))
            }),
            Self::Unix(socket) => socket.poll_accept(cx).map_ok(|(stream, _)| (Socket::Unix(stream), Peer::Unix)),
        }
    }
}

/// Linux hands over errors of the network that belong to the new connection (accept(2)).
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable, TimedOut,
    };
    let kinds =
        [ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable, TimedOut];
    kinds.contains(&error.kind())
}
