//! Why nobody can be listened to.

use std::io;
use std::path::PathBuf;

use mosaic_domain::ExitCode;

use crate::listen_address::ListenAddress;

/// An address that cannot be listened on, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody listens there.
    #[error("cannot listen on {0}: another program does; end it, or choose another address")]
    InUse(ListenAddress),
    /// Not ours to take.
    #[error("cannot listen on {0}: permission denied; choose a port from 1024 on, or a directory that is yours")]
    Denied(ListenAddress),
    /// The host is not known, or has no address.
    #[error("cannot listen on {address}: the host name has no address ({source}); write an address of this host")]
    UnknownHost {
        /// What was asked for.
        address: ListenAddress,
        /// What the resolver says.
        source: io::Error,
    },
    /// The address is another host's.
    #[error("cannot listen on {0}: this host does not have that address")]
    NotOurs(ListenAddress),
    /// There is no directory for the socket.
    #[error("cannot listen on unix:{}: its directory does not exist; make it first", .0.display())]
    NoDirectory(PathBuf),
    /// A file of another kind is there.
    #[error("cannot listen on unix:{}: there is a file that is not a socket; remove it, or choose another path", .0.display())]
    NotASocket(PathBuf),
    /// The kernel takes at most 107 bytes.
    #[error("cannot listen on unix:{}: the path is too long for a socket; at most 107 bytes fit", .0.display())]
    PathTooLong(PathBuf),
    /// Anything else.
    #[error("cannot listen on {address}: {source}")]
    Failed {
        /// What was asked for.
        address: ListenAddress,
        /// What the kernel says.
        source: io::Error,
    },
    /// No socket came from systemd.
    #[error("no socket was handed over by systemd: start this by its socket unit, or leave --web.systemd-socket away")]
    NothingInherited,
    /// A socket that came from systemd cannot be used.
    #[error("socket {place} of those that systemd handed over cannot be used: {source}; listen on TCP or Unix streams")]
    Inherited {
        /// Its place, from 1.
        place: usize,
        /// What is wrong with it.
        source: io::Error,
    },
}

impl ListenError {
    /// How a program ends that cannot go on without.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::InUse(_) => ExitCode::Busy,
            Self::Denied(_) => ExitCode::Permission,
            Self::UnknownHost { .. } | Self::NotOurs(_) | Self::PathTooLong(_) => ExitCode::Configuration,
            Self::NothingInherited | Self::Inherited { .. } => ExitCode::Unavailable,
            Self::NoDirectory(_) | Self::NotASocket(_) | Self::Failed { .. } => ExitCode::Io,
        }
    }

    /// The error of a system call about this address.
    pub(crate) fn of(address: &ListenAddress, source: io::Error) -> Self {
        let address = address.clone();
        match (source.kind(), &address) {
            (io::ErrorKind::AddrInUse, _) => Self::InUse(address),
            (io::ErrorKind::PermissionDenied, _) => Self::Denied(address),
            (io::ErrorKind::AddrNotAvailable, _) => Self::NotOurs(address),
            (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, ListenAddress::Unix(path)) => {
                Self::NoDirectory(path.clone())
            }
            _ => Self::Failed { address, source },
        }
    }
}
