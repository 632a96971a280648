//! Notifications to systemd: the protocol of `sd_notify(3)`.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use mosaic_process::monotonic;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long to wait for a manager whose socket is full.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// The notification socket, connected once.
///
/// The crates for this protocol open and close a socket for each message, which is three system calls more for each
/// heartbeat.
#[derive(Debug)]
pub(super) struct SystemdNotify(Option<UnixDatagram>);

impl SystemdNotify {
    /// Connects to the socket that `NOTIFY_SOCKET` names. Without that variable, all notifications do nothing.
    pub(super) fn connect(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Self> {
        let Some(name) = variable("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return Ok(Self(None)) };
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // A manager that does not read must not block the sidecar.
        socket.set_nonblocking(true)?;
        Ok(Self(Some(socket)))
    }

    /// The period within which the watchdog expects a notification, if it is enabled for this process.
    pub(super) fn watchdog_period(variable: impl Fn(&str) -> Option<OsString>) -> Option<Duration> {
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let is_for_this_process = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        number("WATCHDOG_USEC").filter(|micros| is_for_this_process && *micros > 0).map(Duration::from_micros)
    }

    /// Notifies that the agent runs. Returns `false` if that failed and has to be repeated.
    pub(super) fn ready(&self, status: &str) -> bool {
        self.send(&format!("READY=1\nSTATUS={status}"))
    }

    /// Sets the status that `systemctl status` shows.
    pub(super) fn status(&self, status: &str) {
        self.try_send(&format!("STATUS={status}"));
    }

    /// Notifies the watchdog.
    pub(super) fn watchdog(&self) {
        self.try_send("WATCHDOG=1");
    }

    /// Notifies that the unit stops.
    pub(super) fn stopping(&self, status: &str) {
        // An error is ignored: the manager sees that the process ends.
        let _ = self.send(&format!("STOPPING=1\nSTATUS={status}"));
    }

    /// Sends a message that will be repeated, so that it may be lost while the socket is full.
    fn try_send(&self, message: &str) {
        if let Some(socket) = &self.0 {
            let _ = socket.send(message.as_bytes());
        }
    }

    /// Sends a message, and waits for a while if the socket is full. In a container, eleven messages of other units fill
    /// the manager's queue.
    fn send(&self, message: &str) -> bool {
        let Some(socket) = &self.0 else { return true };
        let deadline = monotonic() + SEND_TIMEOUT;
        loop {
            match socket.send(message.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && monotonic() < deadline => {
                    let limit = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
                    // An error is ignored: the next attempt to send reports it.
                    let _ = poll(&mut [PollFd::new(socket, PollFlags::OUT)], Some(&limit));
                }
                sent => return sent.is_ok(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SystemdNotify;
    use std::ffi::OsString;
    use std::time::Duration;

    #[test]
    fn the_watchdog_counts_only_if_it_is_enabled_for_this_process() {
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<u64>);
        let me = std::process::id().to_string();
        let table: [Case<'_>; 5] = [
            (&[], None),
            (&[("WATCHDOG_USEC", "45000000")], Some(45)),
            (&[("WATCHDOG_USEC", "45000000"), ("WATCHDOG_PID", &me)], Some(45)),
            (&[("WATCHDOG_USEC", "45000000"), ("WATCHDOG_PID", "1")], None),
            (&[("WATCHDOG_USEC", "0")], None),
        ];
        for (variables, expected) in table {
            let lookup =
                |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
            assert_eq!(SystemdNotify::watchdog_period(lookup), expected.map(Duration::from_secs));
        }
    }
}
