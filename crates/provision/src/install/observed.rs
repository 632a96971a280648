//! The present state of an installation.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::{AgentName, Pid};
use mosaic_heartbeat::RunDirectory;
use mosaic_process::{find_in_directories, is_program};
use mosaic_roster::Roster;
use mosaic_systemd::UnitName;

use super::HostFacts;
use crate::files::{TEMPORARY_PREFIX, are_equal};
use crate::shipped_files::compat_script_files;
use crate::{
    Layout, Manifest, PROGRAMS, PathState, ProvisionError, RunDirectoryState, UNIT_FILES, recordable_directories,
};

/// The present state of the installation on disk.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What exists at each path that an install may write.
    pub paths: BTreeMap<PathBuf, PathState>,
    /// The existing generated drop-ins.
    pub drop_ins: BTreeSet<PathBuf>,
    /// The installed programs that are up to date.
    pub current_programs: BTreeSet<PathBuf>,
    /// The existing directories.
    pub directories: BTreeSet<PathBuf>,
    /// The fleet's directories that are accessible to other users.
    pub open_directories: BTreeSet<PathBuf>,
    /// The directories with temporary files of an interrupted command.
    pub with_temporary_files: BTreeSet<PathBuf>,
    /// For each unit and script, the path of the backup if it belongs to the site.
    pub backups: BTreeMap<PathBuf, PathBuf>,
    /// The state of the run directory.
    pub run: RunDirectoryState,
    /// The state of the previous run directory, which exists while a move is incomplete.
    pub old_run: RunDirectoryState,
    /// The recordable directories of the installing user's `PATH`.
    pub search_path: Vec<PathBuf>,
    /// A program named `mosaic` on that `PATH` that is not ours.
    pub other_mosaic: Option<PathBuf>,
    /// Running sidecars of the bash launcher.
    pub legacy_sidecars: Vec<LegacySidecar>,
    /// The manifest; `None` if nothing is installed.
    pub manifest: Option<Manifest>,
}

impl Observed {
    /// Reads the state.
    ///
    /// # Errors
    /// A file or directory cannot be read.
    pub fn read(layout: &Layout, roster: &Roster, host: &HostFacts) -> Result<Self, ProvisionError> {
        let mut observed = Self {
            run: RunDirectoryState::read(&layout.run())?,
            old_run: RunDirectoryState::read(&layout.old_run())?,
            search_path: recordable_directories(host.search_path.as_deref(), Path::is_dir),
            other_mosaic: other_mosaic(layout, host.search_path.as_deref()),
            legacy_sidecars: find_legacy_sidecars(&layout.run(), roster.agents.iter().map(|agent| &agent.name)),
            manifest: Manifest::read(&layout.manifest())?,
            drop_ins: drop_ins(layout),
            ..Self::default()
        };
        let units = UNIT_FILES.map(|(name, _)| layout.units().join(name));
        let scripts = compat_script_files(layout).map(|(path, _)| path);
        for path in units.into_iter().chain(scripts) {
            let state = PathState::read(&path)?;
            observed.backups.insert(path.clone(), backup_path(&path, &state)?);
            observed.paths.insert(path, state);
        }
        for agent in &roster.agents {
            let path = layout.env_file(&agent.name);
            observed.paths.insert(path.clone(), PathState::read_through_link(&path)?);
            let drop_in = layout.drop_in(&UnitName::agent(&agent.name));
            observed.paths.insert(drop_in.clone(), PathState::read(&drop_in)?);
        }
        let holder = layout.drop_in(&UnitName::holder());
        let links = ["mosaic", "mosaic-fleet", "mosaic-agent"].map(|name| layout.links().join(name));
        for path in links.into_iter().chain([holder, layout.schema()]) {
            // A file in the place of a link is left alone, so its content does not matter.
            let state = if path.starts_with(layout.links()) && !path.is_symlink() && path.exists() {
                PathState::Other
            } else {
                PathState::read(&path)?
            };
            observed.paths.insert(path, state);
        }
        for name in PROGRAMS {
            let (from, to) = (host.programs.join(name), layout.tools().join(name));
            let current = is_program(&to) && (from == to || are_equal(&from, &to).unwrap_or(false));
            observed.current_programs.extend(current.then_some(to));
        }
        observed.read_directories(layout);
        Ok(observed)
    }

    fn read_directories(&mut self, layout: &Layout) {
        let parents = self.paths.keys().filter_map(|path| path.parent());
        let own = [layout.fleet(), layout.agents(), layout.tools(), layout.links(), layout.units()];
        let mut relevant: BTreeSet<PathBuf> = parents.map(Path::to_path_buf).chain(own).collect();
        relevant.extend(layout.run_target());
        for directory in relevant.iter().flat_map(|directory| directory.ancestors()) {
            if directory.is_dir() {
                self.directories.insert(directory.to_owned());
            }
        }
        for directory in relevant {
            if has_temporary_files(&directory) {
                self.with_temporary_files.insert(directory);
            }
        }
        let open = |path: &PathBuf| path.metadata().is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
        self.open_directories.extend([layout.fleet(), layout.agents()].into_iter().filter(open));
    }
}

fn has_temporary_files(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX))
}

/// The first `mosaic` on this path that is not ours.
fn other_mosaic(layout: &Layout, path: Option<&OsStr>) -> Option<PathBuf> {
    let tools = fs::canonicalize(layout.tools()).unwrap_or_else(|_| layout.tools());
    let own = std::env::current_exe().and_then(fs::canonicalize).ok();
    let is_ours = |program: &Path| program.starts_with(&tools) || own.as_deref() == Some(program);
    let directories = path.iter().flat_map(std::env::split_paths).filter(|directory| directory.is_absolute());
    find_in_directories("mosaic", directories, |program| {
        is_program(program) && !fs::canonicalize(program).is_ok_and(|target| is_ours(&target))
    })
}

/// The existing generated drop-ins, including those of agents that are not in the roster.
fn drop_ins(layout: &Layout) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(layout.units()).into_iter().flatten().flatten();
    let of_unit = |name: &str| name.strip_suffix(".d")?.parse::<UnitName>().ok();
    let units = entries.filter_map(|entry| of_unit(entry.file_name().to_str()?));
    let ours = units.filter(|unit| unit.agent_name().is_some() || *unit == UnitName::holder());
    ours.map(|unit| layout.drop_in(&unit)).filter(|path| path.exists()).collect()
}

/// The first backup name of a file or link that is free, or already a backup of the same content.
fn backup_path(path: &Path, state: &PathState) -> Result<PathBuf, ProvisionError> {
    let named = |count: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(".before-mosaic-fleet");
        if count > 1 {
            name.push(format!(".{count}"));
        }
        PathBuf::from(name)
    };
    for count in 1.. {
        match PathState::read(&named(count))? {
            PathState::Missing => return Ok(named(count)),
            kept if is_same(&kept, state) => return Ok(named(count)),
            _ => {}
        }
    }
    Ok(named(1))
}

fn is_same(backup: &PathState, state: &PathState) -> bool {
    match (backup, state) {
        (PathState::File { text: backup, .. }, PathState::File { text, .. }) => backup == text,
        (PathState::Link(backup), PathState::Link(target)) => backup == target,
        _ => false,
    }
}

/// The maximum age of a heartbeat whose writer still runs: four default intervals of the bash launcher.
const MAX_LEGACY_AGE: Duration = Duration::from_mins(1);

/// A sidecar of the bash launcher that still writes the heartbeat of an agent. It holds no lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacySidecar {
    /// The agent of the heartbeat.
    pub agent: AgentName,
    /// The process, if it was found.
    pub pid: Option<Pid>,
}

/// The agents with a recent heartbeat in the format of the bash launcher.
fn find_legacy_sidecars<'a>(run: &Path, agents: impl Iterator<Item = &'a AgentName>) -> Vec<LegacySidecar> {
    let directory = RunDirectory::new(run.to_owned());
    let written = agents.filter(|agent| {
        let path = directory.heartbeat(agent);
        // An unreadable heartbeat is reported by `mosaic fleet verify`.
        let is_legacy = matches!(mosaic_heartbeat::read(&path), Ok(Some(beat)) if beat.binding.is_none());
        let age = || fs::metadata(&path).and_then(|file| file.modified()).ok()?.elapsed().ok();
        is_legacy && age().is_some_and(|age| age <= MAX_LEGACY_AGE)
    });
    written.map(|agent| LegacySidecar { agent: agent.clone(), pid: writer_of(&directory.heartbeat(agent)) }).collect()
}

/// The shell process whose command line contains the path of this heartbeat.
fn writer_of(heartbeat: &Path) -> Option<Pid> {
    let own = rustix::process::geteuid().as_raw();
    let name = heartbeat.file_name()?.to_str()?;
    let writes = |pid: &Pid| {
        let directory = Path::new("/proc").join(pid.to_string());
        let is_ours = fs::metadata(&directory).is_ok_and(|process| process.uid() == own);
        let words = if is_ours { fs::read(directory.join("cmdline")).unwrap_or_default() } else { Vec::new() };
        let words = String::from_utf8_lossy(&words);
        let program = words.split('\0').next().unwrap_or_default();
        program.ends_with("sh") && words.contains(&format!("/{name}"))
    };
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| Pid::new(entry.file_name().to_str()?.parse().ok()?)).find(writes)
}
