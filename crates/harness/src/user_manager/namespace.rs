use crate::watched_files::DirectoryWatch;
use crate::{CgroupTree, Deadline, ProcessWatch};
use nix::sched::{CloneFlags, unshare};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{DirBuilderExt, chown, symlink};
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Starts a daemon of a [`NamespaceSupervisor`](crate::NamespaceSupervisor) in its control group: the supervisor's
/// program runs again with this as its JSON argument, joins the group and replaces itself with the daemon.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NamespaceEntry {
    /// The directories of the supervisor's control group.
    pub(crate) directories: Vec<PathBuf>,
    /// The daemon's group below it.
    pub(crate) group: String,
    /// Whether the daemon runs in a cgroup namespace whose root is the supervisor's group.
    pub(crate) tree_is_root: bool,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) log: PathBuf,
}

impl NamespaceEntry {
    /// Replaces this process with the daemon; returns only on failure.
    ///
    /// # Errors
    /// Always, with the reason of the failure.
    pub fn enter(&self) -> io::Result<()> {
        let tree = CgroupTree::from_directories(&self.directories);
        let is_root = rustix::process::geteuid().is_root();
        if self.tree_is_root {
            tree.join()?;
            enter_namespaces(CloneFlags::CLONE_NEWCGROUP, !is_root)?;
        }
        tree.child(&self.group).join()?;
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir("/")
            .stdout(log.try_clone()?)
            .stderr(log);
        if is_root {
            command.uid(self.uid).gid(self.gid);
        }
        Err(command.exec())
    }
}

/// Creates new namespaces for this process. `with_user` adds a user namespace, which an ordinary user needs, and maps
/// the present user to itself.
pub(crate) fn enter_namespaces(kinds: CloneFlags, with_user: bool) -> io::Result<()> {
    if !with_user {
        return Ok(unshare(kinds)?);
    }
    let uid = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    unshare(kinds | CloneFlags::CLONE_NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("{gid} {gid} 1"))
}

/// Creates a mount namespace for this process with a private `/run/systemd` and journal.
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
    // The first directory tells programs that the machine was booted with systemd.
    for directory in ["/run/systemd/system", "/run/systemd/journal", "/run/systemd/journald.conf.d", JOURNAL] {
        fs::DirBuilder::new().mode(0o755).create(directory)?;
        chown(directory, Some(uid), Some(gid))?;
    }
    // No kernel messages, since they belong to the machine, and no rate limit, since no line may be lost.
    fs::write(
        "/run/systemd/journald.conf.d/harness.conf",
        "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToWall=no\n\
         RateLimitIntervalSec=0\nRuntimeMaxFileSize=64M\n",
    )?;
    ensure_machine_id()?;
    if nested { Ok(()) } else { ensure_passwd_entry(uid, gid) }
}

/// Makes this the `/usr` of the namespace, and control groups of version 2 its only ones: the systemd of newer releases
/// knows no others. Where controllers belong to hierarchies of version 1, version 2 has none.
pub(crate) fn use_system(usr: &Path) -> io::Result<()> {
    mount_bind(usr, "/usr")?;
    if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() {
        return Ok(());
    }
    // With all hierarchies that are mounted below it.
    unmount("/sys/fs/cgroup", UnmountFlags::DETACH)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    Ok(mount("cgroup2", "/sys/fs/cgroup", "cgroup2", flags, None)?)
}

/// Container images have an empty machine id, with which neither the journal nor the bus works.
fn ensure_machine_id() -> io::Result<()> {
    let path = Path::new("/etc/machine-id");
    if fs::read_to_string(path).is_ok_and(|id| !id.trim().is_empty()) {
        return Ok(());
    }
    let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    let own = "/run/systemd/machine-id";
    fs::write(own, uuid.replace('-', ""))?;
    Ok(mount_bind(own, path)?)
}

/// Adds a password entry for the user if there is none, since the bus rejects unknown users.
fn ensure_passwd_entry(uid: u32, gid: u32) -> io::Result<()> {
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

/// The directory of the private journal.
pub(crate) const JOURNAL: &str = "/run/log/journal";

/// Links the user's journal file to the system's. `journalctl --user` reads the user's file, which journald writes only
/// for ordinary users and only on disk.
pub(crate) fn link_user_journal(uid: u32) -> io::Result<()> {
    let machine = fs::read_to_string("/etc/machine-id")?;
    let directory = Path::new(JOURNAL).join(machine.trim());
    symlink("system.journal", directory.join(format!("user-{uid}.journal")))
}

/// Makes journald write everything that it has received. This uses the signal, since `journalctl --sync` requires root.
pub(crate) fn sync_journal(journald: u32) -> io::Result<()> {
    let directory = Path::new("/run/systemd/journal");
    let synced = directory.join("synced");
    let _ = fs::remove_file(&synced);
    let watch = DirectoryWatch::new(directory, directory);
    // SIGRTMIN+1, for which neither rustix nor nix has a name.
    let status = Command::new("/bin/sh").args(["-c", "kill -35 $0", &journald.to_string()]).status()?;
    let deadline = Deadline::default();
    while status.success() && !synced.exists() && watch.changed(deadline) {}
    if synced.exists() {
        return Ok(());
    }
    Err(io::Error::other("journald did not sync its journal in time"))
}

/// The `NOTIFY_SOCKET` on which a daemon reports its readiness.
#[derive(Debug)]
pub(crate) struct NotifySocket {
    name: String,
    socket: UnixDatagram,
}

impl NotifySocket {
    /// Binds an abstract socket, which leaves no file behind.
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let address = SocketAddr::from_abstract_name(name)?;
        Ok(Self { name: format!("@{name}"), socket: UnixDatagram::bind_addr(&address)? })
    }

    /// The value of `NOTIFY_SOCKET`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for `READY=1`.
    pub(crate) fn wait_ready(&self, daemon: u32) -> io::Result<()> {
        let deadline = Deadline::default();
        let process = ProcessWatch::new(daemon)?;
        loop {
            let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
            // Short polls, to notice a daemon that has exited.
            let slice = std::time::Duration::from_millis(200).min(deadline.remaining());
            if poll(&mut fds, Some(&Deadline::after(slice).timespec()))? > 0 {
                let mut message = [0; 4096];
                let length = self.socket.recv(&mut message)?;
                let text = String::from_utf8_lossy(&message[..length]);
                if text.lines().any(|line| line == "READY=1") {
                    return Ok(());
                }
            } else if process.is_dead() {
                return Err(io::Error::other("the daemon has exited"));
            } else if deadline.passed() {
                return Err(io::Error::other("the daemon did not become ready in time"));
            }
        }
    }
}
