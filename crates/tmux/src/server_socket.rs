//! The socket of a tmux server: its path, the process that listens on it, and opening it again.
//!
//! A server runs on when the file of its socket is removed, as cleaners of `/tmp` do, but no client reaches it any
//! more. SIGUSR1 makes a server open its socket again.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use mosaic_domain::{Pid, ProcessIdentity, SocketName};
use mosaic_process::{PidFd, ProcRoot, monotonic};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::{Signal, geteuid, getuid};

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Who listens on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// This process listens.
    Listening(Pid),
    /// A process listens, and which one is unknown: its queue is full, or it runs in another PID namespace.
    Unidentified,
    /// The socket's file does not exist.
    Missing,
    /// The file exists, and no process listens.
    Abandoned,
}

/// The error of opening a server's socket again.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The process has ended, or is not a tmux server of this user.
    #[error("process {0} is not a running tmux server of this user")]
    NotAServer(Pid),
    /// Another process listens on the socket. Opening it again would make that process unreachable.
    #[error("process {other} listens on {}, which is the socket of the tmux server {server}", .path.display())]
    TakenOver {
        /// The path of the socket.
        path: PathBuf,
        /// The server to which the socket belongs.
        server: Pid,
        /// The process that listens.
        other: Pid,
    },
    /// The server has not opened its socket in time.
    #[error("the tmux server {server} did not open its socket {} within {} s: it hangs", .path.display(), .timeout.as_secs())]
    Timeout {
        /// The path of the socket.
        path: PathBuf,
        /// The server.
        server: Pid,
        /// How long it had time.
        timeout: Duration,
    },
    /// A system call failed.
    #[error("cannot open the socket {} again: {source}", .path.display())]
    Io {
        /// The path of the socket.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// The path of the socket with this name, as tmux derives it from `TMUX_TMPDIR`. A directory that does not exist is left
/// out.
pub(crate) fn default_socket_path(socket: &SocketName, tmux_directory: Option<&OsStr>) -> PathBuf {
    let given = tmux_directory.filter(|directory| !directory.is_empty()).map(Path::new);
    let resolved = given.and_then(|directory| fs::canonicalize(directory).ok());
    let directory = resolved.or_else(|| fs::canonicalize("/tmp").ok()).unwrap_or_else(|| PathBuf::from("/tmp"));
    directory.join(format!("tmux-{}", getuid().as_raw())).join(socket.as_str())
}

/// Finds the tmux server in one of whose panes a process was started, and the path of its socket. `None` if the parent of
/// the process is not a tmux server of this user.
#[must_use]
pub fn server_of_process(proc: &ProcRoot, pid: Pid, socket: &SocketName) -> Option<(ProcessIdentity, PathBuf)> {
    server_at(proc, proc.stat(pid).ok()??.parent?, socket)
}

/// The tmux server with this PID, and the path of its socket. `None` if the process is not a tmux server of this user.
#[must_use]
pub fn server_at(proc: &ProcRoot, pid: Pid, socket: &SocketName) -> Option<(ProcessIdentity, PathBuf)> {
    let identity = proc.identity(pid).ok()??;
    if !is_own_server(proc, pid) {
        return None;
    }
    let directory = proc.variable(pid, "TMUX_TMPDIR").ok()?;
    Some((identity, default_socket_path(socket, directory.as_deref())))
}

/// Whether the process runs tmux as this user. A server calls itself `tmux: server`.
fn is_own_server(proc: &ProcRoot, pid: Pid) -> bool {
    let is_tmux = proc.program(pid).ok().flatten().is_some_and(|name| name.to_string_lossy().starts_with("tmux"));
    is_tmux && fs::metadata(format!("/proc/{pid}")).is_ok_and(|process| process.uid() == geteuid().as_raw())
}

/// Finds out who listens on a socket, without waiting for an answer.
///
/// # Errors
/// The socket may not be entered, or a system call failed.
pub fn socket_listener(path: &Path) -> io::Result<SocketState> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let client: OwnedFd = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect(&client, &address) {
        // The kernel recorded the process when it began to listen.
        Ok(()) => match socket_peercred(&client) {
            Ok(peer) => Ok(u32::try_from(peer.pid.as_raw_nonzero().get())
                .ok()
                .and_then(Pid::new)
                .map_or(SocketState::Unidentified, SocketState::Listening)),
            Err(_) => Ok(SocketState::Unidentified),
        },
        // The queue of the listener is full, because it hangs.
        Err(Errno::AGAIN) => Ok(SocketState::Unidentified),
        Err(Errno::NOENT) => Ok(SocketState::Missing),
        Err(Errno::CONNREFUSED) => Ok(SocketState::Abandoned),
        Err(error) => Err(error.into()),
    }
}

/// Makes a tmux server open its socket again if no process listens on it, and waits until the server does. Returns
/// whether that was necessary.
///
/// Nothing is done to a process that is not the given one, not tmux, or not of this user, and nothing to a socket on
/// which another process listens.
///
/// # Errors
/// The process is not a tmux server, another process listens, or the server does not open its socket in time.
pub fn reopen_socket(
    proc: &ProcRoot,
    path: &Path,
    server: &ProcessIdentity,
    timeout: Duration,
) -> Result<bool, SocketError> {
    let failed = |source| SocketError::Io { path: path.to_owned(), source };
    match socket_listener(path).map_err(failed)? {
        SocketState::Listening(pid) if pid == server.pid => return Ok(false),
        SocketState::Listening(other) => {
            return Err(SocketError::TakenOver { path: path.to_owned(), server: server.pid, other });
        }
        SocketState::Unidentified => return Ok(false),
        SocketState::Missing | SocketState::Abandoned => {}
    }
    // The descriptor comes first: a PID that is reused between the checks and the signal does not receive the signal.
    let process = PidFd::open_identity(proc, server).map_err(failed)?;
    let process = process.filter(|_| is_own_server(proc, server.pid)).ok_or(SocketError::NotAServer(server.pid))?;
    // tmux makes this directory only when a client uses the socket's name.
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    }
    process.signal(Signal::USR1).map_err(failed)?;
    let deadline = monotonic() + timeout;
    loop {
        if matches!(socket_listener(path).map_err(failed)?, SocketState::Listening(pid) if pid == server.pid) {
            return Ok(true);
        }
        if monotonic() >= deadline {
            return Err(SocketError::Timeout { path: path.to_owned(), server: server.pid, timeout });
        }
        thread::sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::{SocketError, SocketState, default_socket_path, reopen_socket, socket_listener};
    use mosaic_domain::Pid;
    use mosaic_process::ProcRoot;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn the_default_path_follows_tmux() {
        let uid = rustix::process::getuid().as_raw();
        let temporary = fs::canonicalize(std::env::temp_dir()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let own = fs::canonicalize(directory.path()).unwrap();
        let table = [
            (None, Path::new("/tmp").canonicalize().unwrap()),
            (Some(""), Path::new("/tmp").canonicalize().unwrap()),
            (Some("/nonexistent"), Path::new("/tmp").canonicalize().unwrap()),
            (own.to_str(), own.clone()),
            (temporary.to_str(), temporary.clone()),
        ];
        for (given, expected) in table {
            let found = default_socket_path(&"x".parse().unwrap(), given.map(OsStr::new));
            assert_eq!(found, expected.join(format!("tmux-{uid}/x")));
        }
    }

    #[test]
    fn the_listener_of_a_socket_is_identified() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        assert_eq!(socket_listener(&path).unwrap(), SocketState::Missing);
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(socket_listener(&path).unwrap(), SocketState::Listening(Pid::new(std::process::id()).unwrap()));
        drop(listener);
        assert_eq!(socket_listener(&path).unwrap(), SocketState::Abandoned);
    }

    #[test]
    fn no_signal_is_sent_to_a_process_that_is_not_a_tmux_server() {
        let directory = tempfile::tempdir().unwrap();
        let (proc, path) = (ProcRoot::default(), directory.path().join("socket"));
        // SIGUSR1 would end this process.
        let own = proc.identity(Pid::new(std::process::id()).unwrap()).unwrap().unwrap();
        let refused = reopen_socket(&proc, &path, &own, Duration::ZERO);
        assert!(matches!(refused, Err(SocketError::NotAServer(pid)) if pid == own.pid), "{refused:?}");
        let ended = mosaic_domain::ProcessIdentity { start_ticks: own.start_ticks + 1, ..own };
        assert!(matches!(reopen_socket(&proc, &path, &ended, Duration::ZERO), Err(SocketError::NotAServer(_))));
        let listener = UnixListener::bind(&path).unwrap();
        assert!(!reopen_socket(&proc, &path, &own, Duration::ZERO).unwrap());
        let other = mosaic_domain::ProcessIdentity { pid: Pid::MIN, ..own };
        let taken = reopen_socket(&proc, &path, &other, Duration::ZERO);
        assert!(matches!(taken, Err(SocketError::TakenOver { .. })), "{taken:?}");
        drop(listener);
    }
}
