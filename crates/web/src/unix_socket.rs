//! A Unix socket that only its owner may connect to.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::listen_address::ListenAddress;
use crate::listen_error::ListenError;
use crate::listener::BACKLOG;

/// The file of a socket, removed with this value if it still is the same one.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity) {
            // Whoever starts next replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens on a path. A socket that nobody listens on any more is replaced.
pub(crate) fn listen(path: &Path) -> Result<(UnixListener, SocketFile), ListenError> {
    let address = ListenAddress::Unix(path.to_owned());
    let failed = |error: Errno| ListenError::of(&address, error.into());
    let place = SocketAddrUnix::new(path).map_err(|_| ListenError::PathTooLong(path.to_owned()))?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(failed)?;
    // The file gets the mode that the socket has: there is no moment in which others may connect.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR).map_err(failed)?;
    match rustix::net::bind(&socket, &place) {
        Err(Errno::ADDRINUSE) => {
            clear(path, &address)?;
            rustix::net::bind(&socket, &place).map_err(failed)?;
        }
        bound => bound.map_err(failed)?,
    }
    let found = fs::symlink_metadata(path).map_err(|error| ListenError::of(&address, error))?;
    let file = SocketFile { path: path.to_owned(), identity: (found.dev(), found.ino()) };
    rustix::net::listen(&socket, BACKLOG).map_err(failed)?;
    Ok((UnixListener::from(socket), file))
}

/// Removes what was left by somebody who is gone.
fn clear(path: &Path, address: &ListenAddress) -> Result<(), ListenError> {
    let failed = |error| ListenError::of(address, error);
    if !fs::symlink_metadata(path).map_err(failed)?.file_type().is_socket() {
        return Err(ListenError::NotASocket(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(ListenError::Denied(address.clone())),
        _ => Err(ListenError::InUse(address.clone())),
    }
}
