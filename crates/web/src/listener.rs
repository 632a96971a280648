//! Sockets that listen.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;

use crate::listen_address::ListenAddress;
use crate::listen_error::ListenError;
use crate::unix_socket::{self, SocketFile};

/// Connections that the kernel keeps until they are accepted. A flood is taken in and sorted out, rather than left to
/// push a scrape out of a short queue.
pub(crate) const BACKLOG: i32 = 1024;

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: Socket,
    /// Removed with the listener; a socket of systemd's stays.
    pub(crate) file: Option<SocketFile>,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// The port and address of a TCP socket, also when any free one was asked for.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix(_) => None,
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Socket::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "{address}"),
                Err(error) => write!(f, "TCP ({error})"),
            },
            Socket::Unix(listener) => match listener.local_addr().as_ref().map(|address| address.as_pathname()) {
                Ok(Some(path)) => write!(f, "unix:{}", path.display()),
                Ok(None) => f.write_str("unix: (without a name)"),
                Err(error) => write!(f, "unix: ({error})"),
            },
        }
    }
}

/// Listens on each address, or on none.
///
/// # Errors
/// One of them cannot be listened on.
pub fn bind(addresses: &[ListenAddress]) -> Result<Vec<Listener>, ListenError> {
    addresses.iter().map(bind_one).collect()
}

fn bind_one(address: &ListenAddress) -> Result<Listener, ListenError> {
    match address {
        ListenAddress::Tcp { host, port } => {
            let candidates = candidates(host, *port)
                .map_err(|source| ListenError::UnknownHost { address: address.clone(), source })?;
            let listener = first_that_listens(&candidates).map_err(|error| ListenError::of(address, error))?;
            Ok(Listener { socket: Socket::Tcp(listener), file: None })
        }
        ListenAddress::Unix(path) => {
            let (listener, file) = unix_socket::listen(path)?;
            Ok(Listener { socket: Socket::Unix(listener), file: Some(file) })
        }
    }
}

/// Without a host, `::` takes IPv4 in as well; a kernel without IPv6 has only the other.
fn candidates(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.is_empty() {
        return Ok(vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]);
    }
    let found: Vec<_> = (host, port).to_socket_addrs()?.collect();
    if found.is_empty() { Err(io::Error::other("the resolver found nothing")) } else { Ok(found) }
}

/// The error is that of the first one: the others are only tried because it might not be there at all.
fn first_that_listens(candidates: &[SocketAddr]) -> io::Result<TcpListener> {
    let mut first = None;
    for candidate in candidates {
        match listen(*candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    Err(first.unwrap_or_else(|| io::Error::other("no address")))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // A second call changes nothing but the length of the queue.
    rustix::net::listen(listener.as_fd(), BACKLOG)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
