use crate::Deadline;
use crate::directory_watch::DirectoryWatch;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// The directory of the private journal.
pub(crate) const JOURNAL: &str = "/run/log/journal";

/// `journalctl --user` opens the files named for the user, and journald has such files only for
/// ordinary users and only on disk; here the one file there is answers for its owner.
pub(crate) fn offer_to(uid: u32) -> io::Result<()> {
    let machine = fs::read_to_string("/etc/machine-id")?;
    let directory = Path::new(JOURNAL).join(machine.trim());
    symlink("system.journal", directory.join(format!("user-{uid}.journal")))
}

/// Lets journald write down all it was sent: by a signal, as `journalctl --sync` is root's.
pub(crate) fn sync(journald: u32) -> io::Result<()> {
    let directory = Path::new("/run/systemd/journal");
    let synced = directory.join("synced");
    let _ = fs::remove_file(&synced);
    let watch = DirectoryWatch::new(directory, directory);
    // SIGRTMIN+1, which neither rustix nor nix can name.
    let status = Command::new("/bin/sh").args(["-c", "kill -35 $0", &journald.to_string()]).status()?;
    let deadline = Deadline::default();
    while status.success() && !synced.exists() && watch.changed(deadline) {}
    if synced.exists() {
        return Ok(());
    }
    Err(io::Error::other("journald does not write down its log"))
}
