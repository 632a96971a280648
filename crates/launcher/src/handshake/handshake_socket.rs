//! The launcher's end of the handshake: the socket and its address.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::str::FromStr;
use std::time::Duration;

use mosaic_domain::Pid;
use mosaic_process::monotonic;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::rand::{GetRandomFlags, getrandom};

use super::{PaneConnection, PaneFailure};

/// The error of a handshake.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The text is not an address.
    #[error("'{}' is not the address of a handshake socket", .0.escape_debug())]
    Address(String),
    /// The pane process did not connect, or did not answer.
    #[error("the pane process did not report within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The connection was closed.
    #[error("the pane process ended while it was started: {0}")]
    Broken(#[from] io::Error),
    /// The pane process reports that it cannot start the command.
    #[error(transparent)]
    Failed(#[from] PaneFailure),
}

/// The address of a handshake socket in the abstract namespace: `mosaic-fleet-` and 16 hexadecimal digits. It is not
/// secret, because it is on the command line of `agent-pane`; both ends check who the other one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeAddress(u64);

impl HandshakeAddress {
    const PREFIX: &str = "mosaic-fleet-";

    /// A random address.
    ///
    /// # Errors
    /// The kernel has no random numbers.
    pub fn new() -> io::Result<Self> {
        let mut bytes = [0; 8];
        getrandom(&mut bytes, GetRandomFlags::empty())?;
        Ok(Self(u64::from_ne_bytes(bytes)))
    }

    /// Finds the address in tmux's `pane_start_command`. `None` if the pane was not started by the launcher.
    #[must_use]
    pub fn from_start_command(start_command: &str) -> Option<Self> {
        let at = start_command.rfind(Self::PREFIX)?;
        start_command.get(at..at + Self::PREFIX.len() + 16)?.parse().ok()
    }

    pub(super) fn connect(self) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&self.socket_address()?)
    }

    fn socket_address(self) -> io::Result<SocketAddr> {
        SocketAddr::from_abstract_name(self.to_string())
    }
}

impl fmt::Display for HandshakeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:016x}", Self::PREFIX, self.0)
    }
}

impl FromStr for HandshakeAddress {
    type Err = HandshakeError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let digits = given.strip_prefix(Self::PREFIX).filter(|digits| digits.len() == 16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| HandshakeError::Address(given.to_owned()))
    }
}

/// The listening handshake socket of one agent.
#[derive(Debug)]
pub struct HandshakeSocket(UnixListener);

impl HandshakeSocket {
    /// Listens on an address.
    ///
    /// # Errors
    /// The address is in use.
    pub fn bind(address: HandshakeAddress) -> io::Result<Self> {
        let listener = UnixListener::bind_addr(&address.socket_address()?)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// Waits until the process `pane` connects, at most for `timeout`, and closes all other connections.
    /// `pane_fd` is a pidfd of that process.
    ///
    /// # Errors
    /// The process did not connect in time, or ended before.
    pub fn accept_pane(
        &self,
        pane: Pid,
        pane_fd: BorrowedFd<'_>,
        timeout: Duration,
    ) -> Result<PaneConnection, HandshakeError> {
        let deadline = monotonic() + timeout;
        loop {
            while let Some(connection) = self.accept()? {
                if connection.pid() == pane {
                    return Ok(connection);
                }
            }
            let left = deadline.saturating_sub(monotonic());
            if left.is_zero() {
                return Err(HandshakeError::Timeout(timeout));
            }
            let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            let mut polled = [PollFd::new(&self.0, PollFlags::IN), PollFd::from_borrowed_fd(pane_fd, PollFlags::IN)];
            match poll(&mut polled, Some(&left)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(HandshakeError::Broken(error.into())),
            }
            if polled[0].revents().is_empty() && !polled[1].revents().is_empty() {
                return Err(HandshakeError::Broken(io::ErrorKind::ConnectionAborted.into()));
            }
        }
    }

    /// Accepts the next waiting connection of a process of this user. `None` if none waits.
    ///
    /// # Errors
    /// `accept` fails.
    pub fn accept(&self) -> io::Result<Option<PaneConnection>> {
        loop {
            let stream = match self.0.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            };
            let peer = socket_peercred(&stream)?;
            let pid = u32::try_from(peer.pid.as_raw_nonzero().get()).ok().and_then(Pid::new);
            if let Some(pid) = pid.filter(|_| peer.uid == rustix::process::geteuid()) {
                stream.set_nonblocking(false)?;
                return Ok(Some(PaneConnection::new(pid, stream)));
            }
        }
    }
}

impl AsFd for HandshakeSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::HandshakeAddress;

    #[test]
    fn the_address_is_found_in_the_start_command_of_a_pane() {
        let address = HandshakeAddress::new().unwrap();
        assert_eq!(address.to_string().parse::<HandshakeAddress>().unwrap(), address);
        let found = |command: &str| HandshakeAddress::from_start_command(command);
        assert_eq!(found(&format!("\"/opt/x y/agent-pane\" {address}")), Some(address));
        assert_eq!(found(&format!("agent-pane \"{address}\"")), Some(address));
        for other in ["", "sh -c 'sleep 1'", "agent-pane mosaic-fleet-12", "mosaic-fleet-zzzzzzzzzzzzzzzz"] {
            assert_eq!(found(other), None, "{other}");
        }
    }
}
