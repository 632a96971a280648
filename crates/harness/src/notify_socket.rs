use crate::{Deadline, ProcessWatch};
use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The `NOTIFY_SOCKET` of a daemon, which says on it when it is ready.
#[derive(Debug)]
pub(crate) struct NotifySocket {
    name: String,
    socket: UnixDatagram,
}

impl NotifySocket {
    /// An abstract one: it needs no directory, and leaves nothing behind.
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let address = SocketAddr::from_abstract_name(name)?;
        Ok(Self { name: format!("@{name}"), socket: UnixDatagram::bind_addr(&address)? })
    }

    /// The value of the variable.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for `READY=1`.
    pub(crate) fn wait_ready(&self, daemon: u32) -> io::Result<()> {
        let deadline = Deadline::default();
        let process = ProcessWatch::new(daemon)?;
        loop {
            let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
            // In slices, so that a daemon that died is told from one that is slow.
            let slice = std::time::Duration::from_millis(200).min(deadline.remaining());
            if poll(&mut fds, Some(&Deadline::after(slice).timespec()))? > 0 {
                let mut message = [0; 4096];
                let length = self.socket.recv(&mut message)?;
                let text = String::from_utf8_lossy(&message[..length]);
                if text.lines().any(|line| line == "READY=1") {
                    return Ok(());
                }
            } else if process.is_dead() {
                return Err(io::Error::other("it has died"));
            } else if deadline.passed() {
                return Err(io::Error::other("it does not become ready"));
            }
        }
    }
}
