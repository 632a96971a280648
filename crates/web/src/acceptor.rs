//! Accepts connections from several listening sockets in turn.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::time::{Sleep, sleep};

use crate::instrumented_io::{Peer, Socket};
use crate::listener::{Listener, ListeningSocket, SocketFile};

/// The most bytes of a response that the kernel buffers before they can be sent (tcp(7), `TCP_NOTSENT_LOWAT`).
///
/// By default, the kernel copies megabytes for each client that does not read (`tcp_wmem`), which costs that much
/// memory and the time to fill it. Data in flight to a client that does read is not limited by this value.
const UNSENT_BYTES: u32 = 64 * 1024;

/// Accepts from all listening sockets.
#[derive(Debug)]
pub(crate) struct Acceptor {
    sockets: Vec<Accepting>,
    next: usize,
    pause: Option<Pin<Box<Sleep>>>,
    /// Unix socket files, which are removed when the acceptor is dropped.
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
                ListeningSocket::Tcp(socket) => Accepting::Tcp(TcpListener::from_std(socket)?),
                ListeningSocket::Unix(socket) => Accepting::Unix(UnixListener::from_std(socket)?),
            });
        }
        Ok(Self { sockets, next: 0, pause: None, _files: files })
    }

    /// Returns the next connection.
    ///
    /// An error concerns the process or the host, such as a lack of file descriptors. Errors of a single connection
    /// are skipped.
    pub(crate) async fn accept(&mut self) -> io::Result<(Socket, Peer)> {
        if let Some(pause) = &mut self.pause {
            pause.await;
            self.pause = None;
        }
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// Makes the next [`accept`](Self::accept) wait for `length` first.
    pub(crate) fn back_off(&mut self, length: Duration) {
        self.pause = Some(Box::pin(sleep(length)));
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Socket, Peer)>> {
        let count = self.sockets.len();
        for offset in 0..count {
            let index = (self.next + offset) % count;
            while let Poll::Ready(accepted) = self.sockets[index].poll_accept(cx) {
                match accepted {
                    Err(error) if is_connection_error(&error) => {}
                    accepted => {
                        self.next = index + 1;
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
                // Responses are written at once; Nagle's algorithm would delay the last part until the client
                // acknowledges the first.
                let _ = stream.set_nodelay(true);
                // A kernel without this option only buffers more.
                let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
                (Socket::Tcp(stream), Peer::Tcp(peer))
            }),
            Self::Unix(socket) => socket.poll_accept(cx).map_ok(|(stream, _)| (Socket::Unix(stream), Peer::Unix)),
        }
    }
}

/// Whether an error of accept(2) belongs to the new connection: Linux passes its pending network errors on.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable, TimedOut,
    };
    let kinds =
        [ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown, NetworkUnreachable, TimedOut];
    kinds.contains(&error.kind())
}
