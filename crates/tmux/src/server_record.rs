//! The record of a fleet's tmux server in the run directory: where its socket is, and which process it is.
//!
//! tmux finds a socket by its name and by `TMUX_TMPDIR`, which may differ between the fleet and a shell; and a socket's
//! file can be removed while its server runs. With the record, every program finds the fleet's server and can make it
//! open its socket again.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::{Pid, ProcessIdentity, SocketName};
use mosaic_process::ProcRoot;
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

use crate::{SocketError, reopen_socket};

/// The maximum size of a file that is read: a path and three short lines.
const MAX_BYTES: usize = 8192;

/// A running tmux server, and the socket on which it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerRecord {
    /// The path of its socket, absolute.
    pub socket: PathBuf,
    /// Its process.
    pub process: ProcessIdentity,
}

impl ServerRecord {
    /// The path of the record of the server on the socket with this name.
    #[must_use]
    pub fn path(run_directory: &Path, socket: &SocketName) -> PathBuf {
        run_directory.join(format!(".{socket}.tmux"))
    }

    /// Reads the record. `None` if there is none, or if the process that it names has ended: then it says nothing about
    /// the next server. A file that cannot be read or parsed counts as none.
    #[must_use]
    pub fn of_running_server(run_directory: &Path, socket: &SocketName, proc: &ProcRoot) -> Option<Self> {
        let record = Self::parse(&read(&Self::path(run_directory, socket)).ok()?)?;
        proc.liveness(&record.process).ok()?.is_alive().then_some(record)
    }

    /// Makes the recorded server open its socket again if no process listens on it. Returns whether that was necessary;
    /// without a record of a running server it is not.
    ///
    /// # Errors
    /// The server cannot open its socket.
    pub fn restore_socket(
        run_directory: &Path,
        socket: &SocketName,
        proc: &ProcRoot,
        timeout: Duration,
    ) -> Result<bool, SocketError> {
        Self::of_running_server(run_directory, socket, proc)
            .map_or(Ok(false), |record| reopen_socket(proc, &record.socket, &record.process, timeout))
    }

    /// Writes the record, unless the file has it already.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, run_directory: &Path, socket: &SocketName) -> io::Result<()> {
        let path = Self::path(run_directory, socket);
        let text = self.to_bytes();
        if read(&path).is_ok_and(|present| present == text) {
            return Ok(());
        }
        // Several agents that start at the same time write the same record, each through a file of its own.
        let staging_path = run_directory.join(format!(".{socket}.tmux.{}", std::process::id()));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(openat(CWD, &staging_path, flags, Mode::RUSR | Mode::WUSR)?);
        let written = file.write_all(&text).and_then(|()| fs::rename(&staging_path, &path));
        if written.is_err() {
            let _ = fs::remove_file(&staging_path);
        }
        written
    }

    fn to_bytes(&self) -> Vec<u8> {
        let ProcessIdentity { pid, start_ticks, boot } = self.process;
        let mut text = format!("pid={pid}\nstart={start_ticks}\nboot={boot}\nsocket=").into_bytes();
        text.extend_from_slice(self.socket.as_os_str().as_bytes());
        text.push(b'\n');
        text
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let lines = text.strip_suffix(b"\n")?;
        let value = |key: &str| {
            let mut lines = lines.split(|byte| *byte == b'\n');
            lines.find_map(|line| line.strip_prefix(key.as_bytes())?.strip_prefix(b"="))
        };
        let text_value = |key: &str| str::from_utf8(value(key)?).ok();
        let socket = PathBuf::from(OsString::from_vec(value("socket")?.to_vec()));
        let process = ProcessIdentity {
            pid: text_value("pid")?.parse::<Pid>().ok()?,
            start_ticks: text_value("start")?.parse().ok()?,
            boot: text_value("boot")?.parse().ok()?,
        };
        socket.is_absolute().then_some(Self { socket, process })
    }
}

/// Reads a small regular file.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // NONBLOCK: opening a FIFO must not hang.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = openat(CWD, path, flags, Mode::empty())?;
    if !FileType::from_raw_mode(fstat(&file)?.st_mode).is_file() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut buffer = vec![0; MAX_BYTES];
    let length = rustix::io::read(&file, &mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::ServerRecord;
    use mosaic_domain::ProcessIdentity;
    use mosaic_process::ProcRoot;
    use std::fs;

    #[test]
    fn only_the_record_of_a_running_server_is_used() {
        let directory = tempfile::tempdir().unwrap();
        let (proc, socket) = (ProcRoot::default(), "mosaic-factory".parse().unwrap());
        let found = || ServerRecord::of_running_server(directory.path(), &socket, &proc);
        assert_eq!(found(), None);
        let process = proc.identity(std::process::id().try_into().unwrap()).unwrap().unwrap();
        let record = ServerRecord { socket: "/tmp/with space=/tmux-0/mosaic-factory".into(), process };
        for _ in 0..2 {
            record.write(directory.path(), &socket).unwrap();
            assert_eq!(found(), Some(record.clone()));
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        let ended = ProcessIdentity { start_ticks: process.start_ticks + 1, ..process };
        ServerRecord { process: ended, ..record.clone() }.write(directory.path(), &socket).unwrap();
        assert_eq!(found(), None);
    }

    #[test]
    fn a_file_that_is_no_record_counts_as_none() {
        let boot = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe";
        let table = [
            ("", false),
            ("pid=1\n", false),
            (&format!("pid=1\nstart=5\nboot={boot}\nsocket=/s\n"), true),
            (&format!("pid=1\nstart=5\nboot={boot}\nsocket=/s\nlater=x\n"), true),
            (&format!("pid=1\nstart=5\nboot={boot}\nsocket=/s"), false),
            (&format!("pid=1\nstart=5\nboot={boot}\nsocket=relative\n"), false),
            (&format!("pid=0\nstart=5\nboot={boot}\nsocket=/s\n"), false),
            ("pid=1\nstart=5\nboot=x\nsocket=/s\n", false),
        ];
        for (text, expected) in table {
            assert_eq!(ServerRecord::parse(text.as_bytes()).is_some(), expected, "{text}");
        }
    }
}
