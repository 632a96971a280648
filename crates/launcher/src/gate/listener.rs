//! The launcher's side of the gate.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::str::FromStr;
use std::time::Duration;

use domain::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::rand::{GetRandomFlags, getrandom};

use super::Orders;
use super::refusal::{Answer, PaneFailure};

/// The gate's name in the abstract namespace: `mosaic-fleet-` and 16 hexadecimal digits. It is no
/// secret (everybody sees it in the process list); who comes is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateName(u64);

impl GateName {
    const PREFIX: &str = "mosaic-fleet-";

    /// A name that nobody has.
    ///
    /// # Errors
    /// The kernel has no random numbers.
    pub fn new() -> io::Result<Self> {
        let mut bytes = [0; 8];
        getrandom(&mut bytes, GetRandomFlags::empty())?;
        Ok(Self(u64::from_ne_bytes(bytes)))
    }

    /// The gate that a pane was started with, from tmux's `pane_start_command`.
    #[must_use]
    pub fn of_pane(start_command: &str) -> Option<Self> {
        let at = start_command.rfind(Self::PREFIX)?;
        start_command.get(at..at + Self::PREFIX.len() + 16)?.parse().ok()
    }

    pub(super) fn connect(self) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&self.address()?)
    }

    fn address(self) -> io::Result<SocketAddr> {
        SocketAddr::from_abstract_name(self.to_string())
    }
}

impl fmt::Display for GateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:016x}", Self::PREFIX, self.0)
    }
}

impl FromStr for GateName {
    type Err = GateError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let digits = given.strip_prefix(Self::PREFIX).filter(|digits| digits.len() == 16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| GateError::Name(given.to_owned()))
    }
}

/// What goes wrong at the gate.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Not a gate's name.
    #[error("'{}' is not the name of a gate", .0.escape_debug())]
    Name(String),
    /// The pane process did not come, or did not answer.
    #[error("the pane process did not report within {} s", .0.as_secs())]
    Silent(Duration),
    /// The connection broke.
    #[error("the pane process went away while it was started: {0}")]
    Broken(#[from] io::Error),
    /// The pane process says that it cannot start the command.
    #[error(transparent)]
    Failed(#[from] PaneFailure),
}

/// The gate of one agent, open.
#[derive(Debug)]
pub struct Gate(UnixListener);

impl Gate {
    /// Opens it.
    ///
    /// # Errors
    /// Somebody has the name.
    pub fn open(name: GateName) -> io::Result<Self> {
        let listener = UnixListener::bind_addr(&name.address()?)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// Waits until the process `pane` comes, at most `limit`; everybody else is turned away.
    ///
    /// # Errors
    /// It did not come in time, or ended before it came.
    pub fn wait_for(&self, pane: Pid, ended: BorrowedFd<'_>, limit: Duration) -> Result<Visitor, GateError> {
        let deadline = process::monotonic() + limit;
        loop {
            while let Some(visitor) = self.next_visitor()? {
                if visitor.pid == pane {
                    return Ok(visitor);
                }
            }
            let left = deadline.saturating_sub(process::monotonic());
            if left.is_zero() {
                return Err(GateError::Silent(limit));
            }
            let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            let mut polled = [PollFd::new(&self.0, PollFlags::IN), PollFd::from_borrowed_fd(ended, PollFlags::IN)];
            match poll(&mut polled, Some(&left)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(GateError::Broken(error.into())),
            }
            if polled[0].revents().is_empty() && !polled[1].revents().is_empty() {
                return Err(GateError::Broken(io::ErrorKind::ConnectionAborted.into()));
            }
        }
    }

    /// Who stands at the gate and is of this user; `None` if nobody does.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn next_visitor(&self) -> io::Result<Option<Visitor>> {
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
                return Ok(Some(Visitor { pid, stream }));
            }
        }
    }
}

impl AsFd for Gate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A pane process at the gate. Until it is let go it executes nothing and cannot end unnoticed.
#[derive(Debug)]
pub struct Visitor {
    pid: Pid,
    stream: UnixStream,
}

impl Visitor {
    /// Who it is, by the kernel's word.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Gives it its orders. Where it may not enter the unit's group by itself, `attach` is asked to
    /// take it in; why neither worked comes back, and is no reason not to start.
    ///
    /// # Errors
    /// It does not answer within `limit`, or cannot do what it is told.
    pub fn brief(
        &self,
        orders: &Orders,
        limit: Duration,
        attach: impl FnOnce(Pid) -> Result<(), String>,
    ) -> Result<Option<OsString>, GateError> {
        self.stream.set_read_timeout(Some(limit))?;
        self.stream.set_write_timeout(Some(limit))?;
        orders.send(&self.stream)?;
        match self.answer(limit)? {
            Answer::Joined => Ok(None),
            Answer::Outside(why) => Ok(attach(self.pid).err().map(|also| format!("{why}; {also}").into())),
            Answer::Failed(failure) => Err(failure.into()),
            Answer::Gone => Err(GateError::Broken(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    /// Lets it become the command.
    ///
    /// # Errors
    /// It cannot.
    pub fn let_go(self, limit: Duration) -> Result<(), GateError> {
        (&self.stream).write_all(b"\n")?;
        match self.answer(limit)? {
            Answer::Gone => Ok(()),
            Answer::Failed(failure) => Err(failure.into()),
            Answer::Joined | Answer::Outside(_) => Err(GateError::Broken(io::ErrorKind::InvalidData.into())),
        }
    }

    fn answer(&self, limit: Duration) -> Result<Answer, GateError> {
        match Answer::receive(BufReader::new(&self.stream)) {
            Ok(answer) => Ok(answer),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(GateError::Silent(limit)),
            // Killed with unread data in its socket.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(Answer::Gone),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GateName;

    #[test]
    fn a_gate_is_found_in_what_tmux_says_of_a_pane() {
        let name = GateName::new().unwrap();
        assert_eq!(name.to_string().parse::<GateName>().unwrap(), name);
        assert_eq!(GateName::of_pane(&format!("\"/opt/x y/agent-pane\" {name}")), Some(name));
        assert_eq!(GateName::of_pane(&format!("agent-pane \"{name}\"")), Some(name));
        for other in ["", "sh -c 'sleep 1'", "agent-pane mosaic-fleet-12", "mosaic-fleet-zzzzzzzzzzzzzzzz"] {
            assert_eq!(GateName::of_pane(other), None, "{other}");
        }
    }
}
