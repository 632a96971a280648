//! The run directory, in memory where that is possible.
//!
//! Each beat of an agent is a rename, which on a disk costs several blocks. So the run directory
//! becomes a link into `$XDG_RUNTIME_DIR`. A directory from which agents run stays where it is: a
//! sidecar notices that its lock is gone, but what is written meanwhile has two writers.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_heartbeat::{AgentLock, LockRole, RunDirectory};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::files::{make_directory, remove_file, remove_if_empty, replace_file};
use crate::{Layout, ProvisionError};

/// What is in the place of the run directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunFound {
    /// Nothing.
    #[default]
    Nothing,
    /// A link.
    Link {
        /// Where it leads.
        target: PathBuf,
        /// There is a directory.
        is_there: bool,
    },
    /// A directory, and the agents that run from it.
    Directory {
        /// By the kernel's word, who holds a lock.
        running: Vec<AgentName>,
    },
}

/// Where the run directory is in memory: a directory of its own for every fleet's home that is not
/// the default one.
#[must_use]
pub fn runtime_place(runtime_directory: &Path, home: Option<&Path>) -> PathBuf {
    let own = runtime_directory.join("mosaic-fleet");
    match home {
        None => own.join("run"),
        Some(home) => own.join(one_word(home)).join("run"),
    }
}

/// A path as the name of a directory, which no other path has: as `systemd-escape --path` has it,
/// but never longer than a name may be.
fn one_word(path: &Path) -> String {
    use std::fmt::Write as _;

    let bytes = path.as_os_str().as_bytes();
    let word = bytes.iter().skip(1).fold(String::new(), |mut word, &byte| {
        match byte {
            b'/' => word.push('-'),
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => word.push(char::from(byte)),
            // Every other one, '-' and '.' among them, as its number: no two paths become one word.
            byte => drop(write!(word, "\\x{byte:02x}")),
        }
        word
    });
    if word.len() <= 200 {
        return word;
    }
    // FNV-1a: it only has to tell the homes of one user apart.
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{}-{hash:016x}", &word[..150])
}

impl RunFound {
    /// Looks at it.
    ///
    /// # Errors
    /// It cannot be read, or is something else altogether.
    pub fn look(path: &Path) -> Result<Self, ProvisionError> {
        let read = ProvisionError::file("read", path);
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Nothing),
            Err(error) => Err(read(error)),
            Ok(kind) if kind.is_symlink() => {
                let target = fs::read_link(path).map_err(read)?;
                Ok(Self::Link { target, is_there: path.is_dir() })
            }
            Ok(_) => Ok(Self::Directory { running: running_from(path)? }),
        }
    }
}

/// The agents that run from this directory, or are being started: somebody holds their lock. None if
/// there is no directory.
///
/// # Errors
/// It cannot be read.
pub fn running_agents(directory: &Path) -> Result<Vec<AgentName>, ProvisionError> {
    if directory.is_dir() { running_from(directory) } else { Ok(Vec::new()) }
}

fn running_from(directory: &Path) -> Result<Vec<AgentName>, ProvisionError> {
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

/// Does somebody start or watch this agent, by the kernel's word?
fn is_locked(directory: &RunDirectory, agent: &AgentName) -> io::Result<bool> {
    let Some(lock) = AgentLock::open_existing(directory, agent)? else { return Ok(false) };
    Ok(lock.holder(LockRole::Starter)?.is_some() || lock.holder(LockRole::Sidecar)?.is_some())
}

/// Puts a link to `target` in the place of a directory that nobody uses. The two change places at
/// once, so that there always is a run directory.
pub(crate) fn move_run_directory(layout: &Layout, target: &Path) -> Result<(), ProvisionError> {
    let (run, old) = (layout.run(), layout.old_run());
    let moving = |source: io::Error| ProvisionError::file("move the run directory", &run)(source);
    make_directory(target, 0o700)?;
    remove_file(&old)?;
    symlink(target, &old).map_err(moving)?;
    let exchange = || renameat_with(CWD, &old, CWD, &run, RenameFlags::EXCHANGE).map_err(io::Error::from);
    if let Err(error) = exchange() {
        remove_file(&old)?;
        return Err(moving(error));
    }
    // Somebody may have started an agent since it was looked at.
    if let Some(agent) = running_from(&old)?.into_iter().next() {
        exchange().map_err(moving)?;
        remove_file(&old)?;
        return Err(ProvisionError::RunDirectoryInUse { agent, path: run });
    }
    take_over_old_run(layout, target)
}

/// Brings what a move has put aside to its new place: heartbeats tell how agents ended, and count
/// how often they were started. Files that are not ours stay, under a name that people see.
pub(crate) fn take_over_old_run(layout: &Layout, target: &Path) -> Result<(), ProvisionError> {
    let old = layout.old_run();
    for entry in fs::read_dir(&old).map_err(ProvisionError::file("read", &old))?.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if !is_of_an_agent(&name.to_string_lossy()) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let place = target.join(&name);
        let tells = path.extension().is_some_and(|kind| kind == "hb" || kind == "state");
        if tells && !place.exists() {
            let bytes = fs::read(&path).map_err(ProvisionError::file("read", &path))?;
            replace_file(&place, &bytes, 0o600)?;
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

/// Removes the run directory in memory, as far as it is ours.
pub(crate) fn remove_run_directory(target: &Path) -> Result<(), ProvisionError> {
    if let Ok(entries) = fs::read_dir(target) {
        for entry in entries.flatten().filter(|entry| is_of_an_agent(&entry.file_name().to_string_lossy())) {
            remove_file(&entry.path())?;
        }
    }
    remove_if_empty(target)
}

/// Is this a file that a sidecar or an agent's report makes?
fn is_of_an_agent(name: &str) -> bool {
    let plain = name.strip_prefix('.').unwrap_or(name);
    // `.hb.tmp.PID` is the bash launcher's.
    let stem = [".hb", ".state", ".lock", ".hb.new", ".state.new"].iter().find_map(|kind| plain.strip_suffix(kind));
    let stem = stem.or_else(|| plain.split_once(".hb.tmp.").map(|(stem, _)| stem));
    stem.is_some_and(|stem| stem.parse::<AgentName>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::{RunFound, is_of_an_agent, move_run_directory, one_word, runtime_place};
    use crate::layout::tests::layout;
    use mosaic_heartbeat::RunDirectory;
    use std::fs;
    use std::path::Path;

    #[test]
    fn no_two_homes_share_a_word() {
        let long = format!("/{}", "a/".repeat(300));
        let other = format!("/{}b", "a/".repeat(299));
        let homes = ["/a/b", "/a-b", "/a.b", "/a\\x2db", "/é", &long, &other];
        let words: std::collections::BTreeSet<_> = homes.iter().map(|home| one_word(Path::new(home))).collect();
        assert_eq!(words.len(), homes.len(), "{words:?}");
        assert!(words.iter().all(|word| word.len() < 255 && !word.contains('/')));
        assert_eq!(
            runtime_place(Path::new("/r"), Some(Path::new("/srv/fleet"))),
            Path::new("/r/mosaic-fleet/srv-fleet/run")
        );
    }

    #[test]
    fn files_of_agents_are_told_from_others() {
        for name in ["a.hb", ".a.lock", ".a.hb.new", "a.state", "mos-claude.hb", "a.hb.tmp.17"] {
            assert!(is_of_an_agent(name), "{name}");
        }
        for name in ["notes.txt", ".lock", "_x.hb", "a b.hb", ".hb", "hb"] {
            assert!(!is_of_an_agent(name), "{name}");
        }
    }

    #[test]
    fn a_directory_is_moved_with_what_it_tells_and_what_is_not_ours_stays() {
        let home = tempfile::tempdir().unwrap();
        let layout = layout(&[("HOME", home.path().to_str().unwrap())]);
        let target = home.path().join("memory/run");
        RunDirectory::new(layout.run()).prepare().unwrap();
        for name in ["a.hb", ".a.lock", ".a.hb.new", "notes.txt"] {
            fs::write(layout.run().join(name), name).unwrap();
        }
        move_run_directory(&layout, &target).unwrap();
        assert_eq!(RunFound::look(&layout.run()).unwrap(), RunFound::Link { target: target.clone(), is_there: true });
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
