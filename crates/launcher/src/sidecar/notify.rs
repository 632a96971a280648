//! What a sidecar tells systemd: `sd_notify(3)`.

use std::ffi::OsString;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use mosaic_process::monotonic;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a busy manager is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The socket that `NOTIFY_SOCKET` names, connected once.
///
/// The crates that speak this protocol open and close a socket for each message: three more system
/// calls a beat than the one that is needed.
#[derive(Debug)]
pub(super) struct Notify(Option<UnixDatagram>);

impl Notify {
    /// Connects; where systemd did not start us, everything here does nothing.
    pub(super) fn connect(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Self> {
        let Some(name) = variable("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return Ok(Self(None)) };
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // A manager that does not read must not stop the sidecar; it hears the next word instead.
        socket.set_nonblocking(true)?;
        Ok(Self(Some(socket)))
    }

    /// The time within which the watchdog wants to hear from us, if it does.
    pub(super) fn watchdog(variable: impl Fn(&str) -> Option<OsString>) -> Option<Duration> {
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let for_us = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        number("WATCHDOG_USEC").filter(|micros| for_us && *micros > 0).map(Duration::from_micros)
    }

    /// The agent runs; `false` if the manager could not be told, and has to be told again.
    pub(super) fn ready(&self, status: &str) -> bool {
        self.tell(&format!("READY=1\nSTATUS={status}"))
    }

    /// What `systemctl status` shows.
    pub(super) fn status(&self, status: &str) {
        self.mention(&format!("STATUS={status}"));
    }

    /// We live.
    pub(super) fn watchdog_alive(&self) {
        self.mention("WATCHDOG=1");
    }

    /// The end has begun.
    pub(super) fn stopping(&self, status: &str) {
        // A manager that hears nothing sees the process end.
        let _ = self.tell(&format!("STOPPING=1\nSTATUS={status}"));
    }

    /// Says what will be said again: a manager that is too busy to read hears it the next time.
    fn mention(&self, message: &str) {
        if let Some(socket) = &self.0 {
            let _ = socket.send(message.as_bytes());
        }
    }

    /// Says what is said once, and waits a while for a manager that has no room for it now: in a
    /// container eleven words of other units fill its queue.
    fn tell(&self, message: &str) -> bool {
        let Some(socket) = &self.0 else { return true };
        let deadline = monotonic() + PATIENCE;
        loop {
            match socket.send(message.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && monotonic() < deadline => {
                    let limit = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
                    // Whatever comes of it, the next attempt tells.
                    let _ = poll(&mut [PollFd::new(socket, PollFlags::OUT)], Some(&limit));
                }
                sent => return sent.is_ok(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Notify;
    use std::ffi::OsString;
    use std::time::Duration;

    #[test]
    fn the_watchdogs_time_is_ours_only_if_it_says_so() {
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
            assert_eq!(Notify::watchdog(lookup), expected.map(Duration::from_secs));
        }
    }
}
