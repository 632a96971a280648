use crate::CgroupTree;
use nix::sched::{CloneFlags, unshare};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// How a daemon of a [`Keeper`](crate::Keeper) comes into its control group: the program is
/// started again as this, moves itself, and becomes the daemon.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NamespaceEntry {
    /// The name of the tree, in the group the keeper has it in.
    pub(crate) directories: Vec<PathBuf>,
    /// The group in it.
    pub(crate) group: String,
    /// Whether the daemon shall see the tree as the whole hierarchy.
    pub(crate) tree_is_root: bool,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) log: PathBuf,
}

impl NamespaceEntry {
    /// Becomes the daemon; returns only when that is not possible.
    ///
    /// # Errors
    /// Always, with what went wrong.
    pub fn enter(&self) -> io::Result<()> {
        let tree = CgroupTree::at(&self.directories);
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

/// New namespaces for this process; with a user namespace, for one that is not root, in which it
/// stays the user it is.
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
