//! The run directory and its move to `$XDG_RUNTIME_DIR`.
//!
//! Every heartbeat is a rename, which writes several blocks on a disk. The run directory is therefore a link into
//! `$XDG_RUNTIME_DIR`, which is in memory. A directory that running agents use is not moved: their heartbeats would
//! have two writers until the sidecars notice that their lock files are gone.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_heartbeat::{AgentLock, LockRole, RunDirectory};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::files::{create_directory, remove_file, remove_if_empty, replace_file};
use crate::{Layout, ProvisionError};

/// What exists at the path of the run directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunDirectoryState {
    /// Nothing exists.
    #[default]
    Missing,
    /// A symbolic link.
    Link {
        /// The target of the link.
        target: PathBuf,
        /// Whether the target is a directory.
        target_exists: bool,
    },
    /// A directory.
    Directory {
        /// The agents that use it: a process holds their locks.
        running: Vec<AgentName>,
    },
}

/// The run directory below `$XDG_RUNTIME_DIR`. A fleet's home other than the default one gets a directory of its own.
#[must_use]
pub fn runtime_run_directory(runtime_directory: &Path, home: Option<&Path>) -> PathBuf {
    let own = runtime_directory.join("mosaic-fleet");
    match home {
        None => own.join("run"),
        Some(home) => own.join(escape_path(home)).join("run"),
    }
}

/// Escapes a path to a unique directory name, as `systemd-escape --path` does. A long path is truncated and gets a hash.
fn escape_path(path: &Path) -> String {
    use std::fmt::Write as _;

    let bytes = path.as_os_str().as_bytes();
    let name = bytes.iter().skip(1).fold(String::new(), |mut name, &byte| {
        match byte {
            b'/' => name.push('-'),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => name.push(char::from(byte)),
            // Everything else, including '-' and '.', is written as hexadecimal, so that the result is unique.
            byte => drop(write!(name, "\\x{byte:02x}")),
        }
        name
    });
    if name.len() <= 200 {
        return name;
    }
    // FNV-1a suffices to distinguish the homes of one user.
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{}-{hash:016x}", &name[..150])
}

impl RunDirectoryState {
    /// Reads the state of a path.
    ///
    /// # Errors
    /// The path cannot be read, or is neither a link nor a directory.
    pub fn read(path: &Path) -> Result<Self, ProvisionError> {
        let failed = ProvisionError::file("read", path);
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Missing),
            Err(error) => Err(failed(error)),
            Ok(kind) if kind.is_symlink() => {
                let target = fs::read_link(path).map_err(failed)?;
                Ok(Self::Link { target, target_exists: path.is_dir() })
            }
            Ok(_) => Ok(Self::Directory { running: agents_with_lock_held(path)? }),
        }
    }
}

/// The agents that use this run directory: a starting or watching process holds their locks. Empty if the directory
/// does not exist.
///
/// # Errors
/// The directory cannot be read.
pub fn running_agents(directory: &Path) -> Result<Vec<AgentName>, ProvisionError> {
    if directory.is_dir() { agents_with_lock_held(directory) } else { Ok(Vec::new()) }
}

fn agents_with_lock_held(directory: &Path) -> Result<Vec<AgentName>, ProvisionError> {
    let run = RunDirectory::new(directory.to_owned());
    let mut running = Vec::new();
    for entry in fs::read_dir(directory).map_err(ProvisionError::file("read", directory))?.flatten() {
        let name = entry.file_name();
        let agent = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".lock")?.parse().ok());
        let Some(agent) = agent else { continue };
        if is_locked(&run, &agent).map_err(ProvisionError::file("read", &entry.path()))? {
            running.push(agent);
        }
    }
    running.sort_unstable();
    Ok(running)
}

/// Whether a process holds the starter lock or the sidecar lock of this agent.
fn is_locked(directory: &RunDirectory, agent: &AgentName) -> io::Result<bool> {
    let Some(lock) = AgentLock::open_existing(directory, agent)? else { return Ok(false) };
    Ok(lock.holder(LockRole::Starter)?.is_some() || lock.holder(LockRole::Sidecar)?.is_some())
}

/// Replaces an unused run directory by a link to `target`. The two are exchanged atomically, so that the run directory
/// exists at every moment.
pub(crate) fn move_run_directory(layout: &Layout, target: &Path) -> Result<(), ProvisionError> {
    let (run, old) = (layout.run(), layout.old_run());
    let moving = |source: io::Error| ProvisionError::file("move the run directory", &run)(source);
    create_directory(target, 0o700)?;
    remove_file(&old)?;
    symlink(target, &old).map_err(moving)?;
    let exchange = || renameat_with(CWD, &old, CWD, &run, RenameFlags::EXCHANGE).map_err(io::Error::from);
    if let Err(error) = exchange() {
        remove_file(&old)?;
        return Err(moving(error));
    }
    // An agent may have started since the plan was made.
    if let Some(agent) = agents_with_lock_held(&old)?.into_iter().next() {
        exchange().map_err(moving)?;
        remove_file(&old)?;
        return Err(ProvisionError::RunDirectoryInUse { agent, path: run });
    }
    finish_run_directory_move(layout, target)
}

/// Copies the heartbeats and activity reports of the previous run directory to `target`: they record how agents ended
/// and how often they were started. Files of the site are kept in `run.before-mosaic-fleet`.
pub(crate) fn finish_run_directory_move(layout: &Layout, target: &Path) -> Result<(), ProvisionError> {
    let old = layout.old_run();
    for entry in fs::read_dir(&old).map_err(ProvisionError::file("read", &old))?.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if !is_agent_file(&name.to_string_lossy()) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let new_path = target.join(&name);
        let has_history = path.extension().is_some_and(|kind| kind == "hb" || kind == "state");
        if has_history && !new_path.exists() {
            let bytes = fs::read(&path).map_err(ProvisionError::file("read", &path))?;
            replace_file(&new_path, &bytes, 0o600)?;
        }
        remove_file(&path)?;
    }
    remove_if_empty(&old)?;
    if old.exists() {
        let kept = layout.fleet().join("run.before-mosaic-fleet");
        fs::rename(&old, &kept).map_err(ProvisionError::file("rename", &old))?;
    }
    Ok(())
}

/// Removes agents' files from the run directory in `$XDG_RUNTIME_DIR`, and the directory if it is then empty.
pub(crate) fn remove_run_directory(target: &Path) -> Result<(), ProvisionError> {
    if let Ok(entries) = fs::read_dir(target) {
        for entry in entries.flatten().filter(|entry| is_agent_file(&entry.file_name().to_string_lossy())) {
            remove_file(&entry.path())?;
        }
    }
    remove_if_empty(target)
}

/// Whether this is the name of a file that a sidecar or `mosaic agent report` writes.
fn is_agent_file(name: &str) -> bool {
    let plain = name.strip_prefix('.').unwrap_or(name);
    // The bash launcher writes `.hb.tmp.PID`.
    let stem = [".hb", ".state", ".lock", ".hb.new", ".state.new"].iter().find_map(|kind| plain.strip_suffix(kind));
    let stem = stem.or_else(|| plain.split_once(".hb.tmp.").map(|(stem, _)| stem));
    stem.is_some_and(|stem| stem.parse::<AgentName>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::{RunDirectoryState, escape_path, is_agent_file, move_run_directory, runtime_run_directory};
    use crate::layout::tests::layout;
    use mosaic_heartbeat::RunDirectory;
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_home_has_its_own_directory_name() {
        let long = format!("/{}", "a/".repeat(300));
        let other = format!("/{}b", "a/".repeat(299));
        let homes = ["/a/b", "/a-b", "/a.b", "/a\\x2db", "/é", &long, &other];
        let names: std::collections::BTreeSet<_> = homes.iter().map(|home| escape_path(Path::new(home))).collect();
        assert_eq!(names.len(), homes.len(), "{names:?}");
        assert!(names.iter().all(|name| name.len() < 255 && !name.contains('/')));
        assert_eq!(
            runtime_run_directory(Path::new("/r"), Some(Path::new("/srv/fleet"))),
            Path::new("/r/mosaic-fleet/srv-fleet/run")
        );
    }

    #[test]
    fn files_of_agents_are_recognized_by_name() {
        for name in ["a.hb", ".a.lock", ".a.hb.new", "a.state", "mos-claude.hb", "a.hb.tmp.17"] {
            assert!(is_agent_file(name), "{name}");
        }
        for name in ["notes.txt", ".lock", "_x.hb", "a b.hb", ".hb", "hb"] {
            assert!(!is_agent_file(name), "{name}");
        }
    }

    #[test]
    fn a_move_keeps_heartbeats_and_files_of_the_site() {
        let home = tempfile::tempdir().unwrap();
        let layout = layout(&[("HOME", home.path().to_str().unwrap())]);
        let target = home.path().join("memory/run");
        RunDirectory::new(layout.run()).prepare().unwrap();
        for name in ["a.hb", ".a.lock", ".a.hb.new", "notes.txt"] {
            fs::write(layout.run().join(name), name).unwrap();
        }
        move_run_directory(&layout, &target).unwrap();
        assert_eq!(
            RunDirectoryState::read(&layout.run()).unwrap(),
            RunDirectoryState::Link { target: target.clone(), target_exists: true }
        );
        assert_eq!(fs::read_to_string(layout.run().join("a.hb")).unwrap(), "a.hb");
        assert_eq!(fs::read_dir(&target).unwrap().count(), 1);
        let kept = layout.fleet().join("run.before-mosaic-fleet");
        assert_eq!(
            fs::read_dir(kept).unwrap().flatten().map(|entry| entry.file_name()).collect::<Vec<_>>(),
            ["notes.txt"]
        );
        assert!(!layout.old_run().exists());
    }
}
