use nix::sched::CloneFlags;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::Path;
use std::{fs, io};

use crate::namespace_entry::enter_namespaces;
use crate::private_journal::JOURNAL;

/// Gives this process a mount namespace in which `/run/systemd` and the journal are its own.
pub(crate) fn make_private(uid: u32, gid: u32, nested: bool) -> io::Result<()> {
    enter_namespaces(CloneFlags::CLONE_NEWNS, nested)?;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)?;
    for directory in ["/run/systemd", "/run/log"] {
        if !nested {
            fs::create_dir_all(directory)?;
        }
        mount("tmpfs", directory, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=0755")?;
        chown(directory, Some(uid), Some(gid))?;
    }
    // The first is what tells programs that the machine was booted with systemd.
    for directory in ["/run/systemd/system", "/run/systemd/journal", "/run/systemd/journald.conf.d", JOURNAL] {
        fs::DirBuilder::new().mode(0o755).create(directory)?;
        chown(directory, Some(uid), Some(gid))?;
    }
    // The kernel's log is the machine's, not the test's; and no line may be lost to a limit.
    fs::write(
        "/run/systemd/journald.conf.d/harness.conf",
        "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToWall=no\n\
         RateLimitIntervalSec=0\nRuntimeMaxFileSize=64M\n",
    )?;
    give_an_identity()?;
    if nested { Ok(()) } else { give_an_entry(uid, gid) }
}

/// Images of containers have an empty machine id, without which there is no journal and no bus.
fn give_an_identity() -> io::Result<()> {
    let path = Path::new("/etc/machine-id");
    if fs::read_to_string(path).is_ok_and(|id| !id.trim().is_empty()) {
        return Ok(());
    }
    let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    let own = "/run/systemd/machine-id";
    fs::write(own, uuid.replace('-', ""))?;
    Ok(mount_bind(own, path)?)
}

/// The bus does not serve a user of whom the password database knows nothing.
fn give_an_entry(uid: u32, gid: u32) -> io::Result<()> {
    let path = "/etc/passwd";
    let users = fs::read_to_string(path)?;
    let mut ids = users.lines().filter_map(|line| line.split(':').nth(2));
    if ids.any(|id| id == uid.to_string()) {
        return Ok(());
    }
    let own = "/run/systemd/passwd";
    fs::write(own, format!("{users}mf-{uid}:x:{uid}:{gid}::/:/bin/sh\n"))?;
    Ok(mount_bind(own, path)?)
}
