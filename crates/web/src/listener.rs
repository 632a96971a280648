//! Listening sockets: bound to addresses, or inherited from systemd.

use std::fmt;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::listen_address::ListenAddress;

/// The connections that the kernel queues until they are accepted. The queue is long, so that a flood of connections
/// does not push a scrape out.
const BACKLOG: i32 = 1024;

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: ListeningSocket,
    /// The file of a Unix socket, which is removed with the listener; `None` for a socket of systemd's.
    pub(crate) file: Option<SocketFile>,
}

#[derive(Debug)]
pub(crate) enum ListeningSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// The address and port of a TCP socket, also if the kernel chose the port; `None` for a Unix socket.
    #[must_use]
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match &self.socket {
            ListeningSocket::Tcp(listener) => listener.local_addr().ok(),
            ListeningSocket::Unix(_) => None,
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            ListeningSocket::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "{address}"),
                Err(error) => write!(f, "TCP ({error})"),
            },
            ListeningSocket::Unix(listener) => {
                match listener.local_addr().as_ref().map(|address| address.as_pathname()) {
                    Ok(Some(path)) => write!(f, "unix:{}", path.display()),
                    Ok(None) => f.write_str("unix: (unnamed)"),
                    Err(error) => write!(f, "unix: ({error})"),
                }
            }
        }
    }
}

/// The reason why the server cannot listen, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens on the address.
    #[error("cannot listen on {0}: another program uses the address; stop it, or choose another address")]
    InUse(ListenAddress),
    /// The user may not listen on the address.
    #[error("cannot listen on {0}: permission denied; choose a port from 1024 on, or a directory that you own")]
    PermissionDenied(ListenAddress),
    /// The host name is unknown or has no address.
    #[error("cannot listen on {address}: the host name has no address ({source}); use an address of this host")]
    UnknownHost {
        /// The address that was given.
        address: ListenAddress,
        /// The error of the resolver.
        source: io::Error,
    },
    /// The address belongs to another host.
    #[error("cannot listen on {0}: this host does not have that address; use an address of this host")]
    AddressNotLocal(ListenAddress),
    /// The directory for the socket does not exist.
    #[error("cannot listen on unix:{}: the directory does not exist; create it first", .0.display())]
    NoDirectory(PathBuf),
    /// The path of the socket is a file of another kind.
    #[error("cannot listen on unix:{}: the file exists and is not a socket; remove it, or choose another path", .0.display())]
    NotASocket(PathBuf),
    /// The path has more than the 107 bytes that the kernel allows.
    #[error("cannot listen on unix:{}: the path is too long for a socket; use at most 107 bytes", .0.display())]
    PathTooLong(PathBuf),
    /// Any other error of the kernel.
    #[error("cannot listen on {address}: {source}")]
    Failed {
        /// The address that was given.
        address: ListenAddress,
        /// The error of the kernel.
        source: io::Error,
    },
    /// systemd passed no socket.
    #[error("systemd passed no socket: start the exporter by its socket unit, or omit --web.systemd-socket")]
    NoInheritedSockets,
    /// A socket that systemd passed cannot be used.
    #[error(
        "cannot use socket {position} of those that systemd passed: {source}; use ListenStream= in the socket unit"
    )]
    InheritedSocket {
        /// The position of the socket in the unit, from 1.
        position: usize,
        /// What is wrong with the socket.
        source: io::Error,
    },
}

impl ListenError {
    /// Classifies the error of a system call.
    fn from_io(address: &ListenAddress, source: io::Error) -> Self {
        let address = address.clone();
        match (source.kind(), &address) {
            (io::ErrorKind::AddrInUse, _) => Self::InUse(address),
            (io::ErrorKind::PermissionDenied, _) => Self::PermissionDenied(address),
            (io::ErrorKind::AddrNotAvailable, _) => Self::AddressNotLocal(address),
            (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, ListenAddress::Unix(path)) => {
                Self::NoDirectory(path.clone())
            }
            _ => Self::Failed { address, source },
        }
    }
}

/// Listens on all addresses, or on none of them.
///
/// # Errors
/// The server cannot listen on one of the addresses.
pub fn bind(addresses: &[ListenAddress]) -> Result<Vec<Listener>, ListenError> {
    addresses.iter().map(bind_one).collect()
}

fn bind_one(address: &ListenAddress) -> Result<Listener, ListenError> {
    match address {
        ListenAddress::Tcp { host, port } => {
            let candidates = candidates(host, *port)
                .map_err(|source| ListenError::UnknownHost { address: address.clone(), source })?;
            let listener = bind_first(&candidates).map_err(|error| ListenError::from_io(address, error))?;
            Ok(Listener { socket: ListeningSocket::Tcp(listener), file: None })
        }
        ListenAddress::Unix(path) => {
            let (listener, file) = bind_unix(path)?;
            Ok(Listener { socket: ListeningSocket::Unix(listener), file: Some(file) })
        }
    }
}

/// The socket addresses to try. Without a host, `::` includes IPv4; a kernel without IPv6 has only `0.0.0.0`.
fn candidates(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if host.is_empty() {
        return Ok(vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]);
    }
    let found: Vec<_> = (host, port).to_socket_addrs()?.collect();
    if found.is_empty() { Err(io::Error::other("the resolver found nothing")) } else { Ok(found) }
}

/// Binds the first candidate that can be bound. The error is that of the first candidate, because the others only serve
/// a host that lacks it.
fn bind_first(candidates: &[SocketAddr]) -> io::Result<TcpListener> {
    let mut first = None;
    for candidate in candidates {
        match bind_tcp(*candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    Err(first.unwrap_or_else(|| io::Error::other("no address")))
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // The second listen(2) only changes the length of the queue.
    rustix::net::listen(listener.as_fd(), BACKLOG)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// The file of a Unix socket. It is removed on drop unless another file has taken its path.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            // The next start replaces a file that cannot be removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens on a path, with a socket that only its owner may connect to. A socket file without a listener is replaced.
fn bind_unix(path: &Path) -> Result<(UnixListener, SocketFile), ListenError> {
    let address = ListenAddress::Unix(path.to_owned());
    let failed = |error: Errno| ListenError::from_io(&address, error.into());
    let socket_address = SocketAddrUnix::new(path).map_err(|_| ListenError::PathTooLong(path.to_owned()))?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(failed)?;
    // The file inherits the mode of the socket, so other users cannot connect at any moment.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR).map_err(failed)?;
    match rustix::net::bind(&socket, &socket_address) {
        Err(Errno::ADDRINUSE) => {
            remove_stale_socket(path, &address)?;
            rustix::net::bind(&socket, &socket_address).map_err(failed)?;
        }
        bound => bound.map_err(failed)?,
    }
    let found = fs::symlink_metadata(path).map_err(|error| ListenError::from_io(&address, error))?;
    let file = SocketFile { path: path.to_owned(), identity: (found.dev(), found.ino()) };
    rustix::net::listen(&socket, BACKLOG).map_err(failed)?;
    Ok((UnixListener::from(socket), file))
}

/// Removes the socket file of a process that is gone.
fn remove_stale_socket(path: &Path, address: &ListenAddress) -> Result<(), ListenError> {
    let failed = |error| ListenError::from_io(address, error);
    if !fs::symlink_metadata(path).map_err(failed)?.file_type().is_socket() {
        return Err(ListenError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(ListenError::PermissionDenied(address.clone()))
        }
        _ => Err(ListenError::InUse(address.clone())),
    }
}

/// Takes the sockets that systemd passed.
///
/// Call this function once, before the process has threads: it removes the environment variables that announce the
/// sockets.
///
/// # Errors
/// systemd passed no socket, or one that is not a listening TCP or Unix stream socket.
pub fn inherited_listeners() -> Result<Vec<Listener>, ListenError> {
    let mut passed = ListenFd::from_env();
    let listeners: Vec<_> = (0..passed.len()).map(|index| take(&mut passed, index)).collect::<Result<_, _>>()?;
    if listeners.is_empty() { Err(ListenError::NoInheritedSockets) } else { Ok(listeners) }
}

fn take(passed: &mut ListenFd, index: usize) -> Result<Listener, ListenError> {
    let unusable = |source| ListenError::InheritedSocket { position: index + 1, source };
    let socket = match passed.take_unix_listener(index) {
        Ok(Some(listener)) => inherited_unix(listener).map_err(unusable)?,
        // Any other socket is TCP, or causes an error that says so.
        _ => inherited_tcp(passed.take_tcp_listener(index)).map_err(unusable)?,
    };
    Ok(Listener { socket, file: None })
}

fn inherited_unix(listener: UnixListener) -> io::Result<ListeningSocket> {
    require_listening(&listener)?;
    listener.set_nonblocking(true)?;
    Ok(ListeningSocket::Unix(listener))
}

fn inherited_tcp(taken: io::Result<Option<TcpListener>>) -> io::Result<ListeningSocket> {
    let listener = taken?.ok_or_else(|| io::Error::other("the socket is already taken"))?;
    require_listening(&listener)?;
    listener.set_nonblocking(true)?;
    Ok(ListeningSocket::Tcp(listener))
}

/// Refuses a connected socket, which systemd passes with `Accept=yes`.
fn require_listening(socket: &impl AsFd) -> io::Result<()> {
    if rustix::net::sockopt::socket_acceptconn(socket)? {
        Ok(())
    } else {
        Err(io::Error::other("it is not a listening socket; set Accept=no in the socket unit"))
    }
}
