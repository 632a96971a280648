//! Sockets that systemd opened for us.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;

use crate::listen_error::ListenError;
use crate::listener::{Listener, Socket};

/// The sockets that systemd handed over. To be called once, before there are threads: the variables that announce
/// them are removed.
///
/// # Errors
/// There is none, or one that is not a TCP or Unix stream.
pub fn inherited() -> Result<Vec<Listener>, ListenError> {
    let mut found = ListenFd::from_env();
    let listeners: Vec<_> = (0..found.len()).map(|place| take(&mut found, place)).collect::<Result<_, _>>()?;
    if listeners.is_empty() { Err(ListenError::NothingInherited) } else { Ok(listeners) }
}

fn take(found: &mut ListenFd, place: usize) -> Result<Listener, ListenError> {
    let unusable = |source| ListenError::Inherited { place: place + 1, source };
    let socket = match found.take_unix_listener(place) {
        Ok(Some(listener)) => unix(listener).map_err(unusable)?,
        // What is not of the one kind is of the other, or an error that says so.
        _ => tcp(found.take_tcp_listener(place)).map_err(unusable)?,
    };
    Ok(Listener { socket, file: None })
}

fn unix(listener: UnixListener) -> io::Result<Socket> {
    is_listening(&listener)?;
    listener.set_nonblocking(true)?;
    Ok(Socket::Unix(listener))
}

fn tcp(taken: io::Result<Option<TcpListener>>) -> io::Result<Socket> {
    let listener = taken?.ok_or_else(|| io::Error::other("it was taken before"))?;
    is_listening(&listener)?;
    listener.set_nonblocking(true)?;
    Ok(Socket::Tcp(listener))
}

/// With `Accept=yes` in the socket unit, systemd hands over a connection.
fn is_listening(socket: &impl std::os::fd::AsFd) -> io::Result<()> {
    if rustix::net::sockopt::socket_acceptconn(socket)? {
        Ok(())
    } else {
        Err(io::Error::other("it does not listen; write Accept=no into the socket unit"))
    }
}
