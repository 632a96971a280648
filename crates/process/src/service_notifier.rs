//! Notifications to a service manager: the protocol of `sd_notify(3)`, without ever waiting for the manager.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_send_buffer_size;

use crate::clock::monotonic;

/// A message to the manager. Of each kind, the newest replaces one that is not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notification {
    /// The service reloads its configuration, until it is ready again.
    Reloading,
    /// The service runs; `systemctl status` shows the text, unless it is empty.
    Ready(String),
    /// `systemctl status` shows this text.
    Status(String),
    /// The service may take this long from now on for its present start or stop; `systemctl status` shows the text.
    ExtendTimeout(Duration, String),
    /// The service is alive.
    Watchdog,
    /// The service stops; `systemctl status` shows the text, unless it is empty.
    Stopping(String),
}

impl Notification {
    fn is_same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    fn message(&self) -> String {
        let with_status = |message: &str, status: &String| {
            if status.is_empty() { message.to_owned() } else { format!("{message}\nSTATUS={status}") }
        };
        match self {
            Self::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic().as_micros()),
            Self::Ready(status) => with_status("READY=1", status),
            Self::Status(status) => format!("STATUS={status}"),
            Self::ExtendTimeout(timeout, status) => {
                with_status(&format!("EXTEND_TIMEOUT_USEC={}", timeout.as_micros()), status)
            }
            Self::Watchdog => "WATCHDOG=1".to_owned(),
            Self::Stopping(status) => with_status("STOPPING=1", status),
        }
    }
}

/// The connection to the manager, and the messages that it has no room for yet.
///
/// The queue of a manager that does not read holds 512 messages of all its services on a host, and eleven in a container.
/// The crates for this protocol block while it is full, and open a socket for each message. A message in the queue counts
/// when the manager reads it, so one is as good as many: a service has the smallest buffer, which is full after a few of
/// them, and takes little room from others.
#[derive(Debug, Default)]
pub struct ServiceNotifier {
    socket: Option<UnixDatagram>,
    /// At most one message of each kind, the oldest first.
    pending: Vec<Notification>,
}

impl ServiceNotifier {
    /// Connects to the socket that `NOTIFY_SOCKET` names. Without that variable, all notifications do nothing.
    ///
    /// # Errors
    /// The socket does not exist, or this process may not use it.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Self> {
        let Some(name) = variable("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return Ok(Self::default()) };
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_nonblocking(true)?;
        // The kernel raises this to its minimum. The socket is then full while about six messages are unread, and counts
        // as writable again when two are.
        set_socket_send_buffer_size(&socket, 1)?;
        Ok(Self { socket: Some(socket), pending: Vec::new() })
    }

    /// The period within which the watchdog expects a notification, if it is enabled for this process.
    pub fn watchdog_period(variable: impl Fn(&str) -> Option<OsString>) -> Option<Duration> {
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let is_for_this_process = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        number("WATCHDOG_USEC").filter(|micros| is_for_this_process && *micros > 0).map(Duration::from_micros)
    }

    /// Sends a notification, or keeps it until [`flush`](Self::flush) finds room for it.
    pub fn notify(&mut self, notification: Notification) {
        if self.socket.is_some() {
            self.pending.retain(|waiting| !waiting.is_same_kind(&notification));
            self.pending.push(notification);
            self.flush();
        }
    }

    /// Sends what waits, as far as the manager has room for it.
    pub fn flush(&mut self) {
        let Some(socket) = &self.socket else { return };
        while let Some(notification) = self.pending.first() {
            match socket.send(notification.message().as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A message that cannot be sent at all, because the manager has ended, is lost.
                Ok(_) | Err(_) => drop(self.pending.remove(0)),
            }
        }
    }

    /// The socket, if messages wait: it becomes writable when the manager has room.
    #[must_use]
    pub fn waiting_socket(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().filter(|_| !self.pending.is_empty()).map(AsFd::as_fd)
    }

    /// Waits until everything is sent, at most for `limit`. A process calls this only as the last thing before it ends.
    pub fn flush_within(&mut self, limit: Duration) {
        let deadline = monotonic() + limit;
        loop {
            self.flush();
            let left = deadline.saturating_sub(monotonic());
            let Some(socket) = self.waiting_socket().filter(|_| !left.is_zero()) else { return };
            let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            // An error is ignored: the next attempt to send reports it.
            let _ = poll(&mut [PollFd::from_borrowed_fd(socket, PollFlags::OUT)], Some(&left));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Notification, ServiceNotifier};
    use rustix::event::{PollFd, PollFlags, poll};
    use std::ffi::OsString;
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    /// A manager's socket, and a notifier that is connected to it.
    fn manager() -> (tempfile::TempDir, UnixDatagram, ServiceNotifier) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let notifier = ServiceNotifier::from_environment(|name| {
            assert_eq!(name, "NOTIFY_SOCKET");
            Some(path.clone().into_os_string())
        });
        (directory, socket, notifier.unwrap())
    }

    fn received(socket: &UnixDatagram) -> Vec<String> {
        let mut buffer = [0; 4096];
        let message =
            || socket.recv(&mut buffer).ok().map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned());
        std::iter::from_fn(message).collect()
    }

    /// Fills the queue of a manager that does not read with the messages of another service.
    fn fill(directory: &tempfile::TempDir) {
        let other = UnixDatagram::unbound().unwrap();
        other.set_nonblocking(true).unwrap();
        while other.send_to(b"STATUS=full", directory.path().join("notify")).is_ok() {}
    }

    #[test]
    fn notifications_are_sent_at_once_to_a_manager_that_reads() {
        let (_directory, socket, mut notifier) = manager();
        notifier.notify(Notification::Ready("coder0: pid 7".to_owned()));
        notifier.notify(Notification::Watchdog);
        notifier.notify(Notification::Stopping(String::new()));
        assert!(notifier.waiting_socket().is_none());
        assert_eq!(received(&socket), ["READY=1\nSTATUS=coder0: pid 7", "WATCHDOG=1", "STOPPING=1"]);
    }

    #[test]
    fn a_manager_that_does_not_read_blocks_no_notification_and_gets_the_newest_of_each_kind() {
        let (directory, socket, mut notifier) = manager();
        fill(&directory);
        for _ in 0..3 {
            notifier.notify(Notification::Watchdog);
        }
        notifier.notify(Notification::Ready("first".to_owned()));
        notifier.notify(Notification::Ready("second".to_owned()));
        notifier.flush_within(Duration::ZERO);
        let full = received(&socket);
        assert!(full.iter().all(|message| message == "STATUS=full"), "{full:?}");
        // The queue has room again, which wakes a process that waits for it.
        let writable = notifier.waiting_socket().unwrap();
        assert_eq!(poll(&mut [PollFd::from_borrowed_fd(writable, PollFlags::OUT)], None), Ok(1));
        notifier.flush();
        assert!(notifier.waiting_socket().is_none());
        assert_eq!(received(&socket), ["WATCHDOG=1", "READY=1\nSTATUS=second"]);
    }

    #[test]
    fn a_service_leaves_room_for_others_in_the_queue_of_a_manager_that_does_not_read() {
        let (_directory, socket, mut notifier) = manager();
        for _ in 0..100 {
            notifier.notify(Notification::Watchdog);
        }
        notifier.notify(Notification::Ready(String::new()));
        let unread = received(&socket);
        assert!((1..=8).contains(&unread.len()), "{unread:?}");
        notifier.flush();
        assert_eq!(received(&socket), ["WATCHDOG=1", "READY=1"], "what waited is sent");
        assert!(notifier.waiting_socket().is_none());
    }

    #[test]
    fn a_manager_that_has_ended_loses_the_messages() {
        let (directory, socket, mut notifier) = manager();
        fill(&directory);
        notifier.notify(Notification::Watchdog);
        assert!(notifier.waiting_socket().is_some());
        drop(socket);
        notifier.flush_within(Duration::MAX / 4);
        notifier.notify(Notification::Watchdog);
        assert!(notifier.waiting_socket().is_none());
    }

    #[test]
    fn without_a_manager_notifications_do_nothing() {
        let mut notifier = ServiceNotifier::from_environment(|_| None).unwrap();
        notifier.notify(Notification::Watchdog);
        assert!(notifier.waiting_socket().is_none());
    }

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
            assert_eq!(ServiceNotifier::watchdog_period(lookup), expected.map(Duration::from_secs));
        }
    }
}
