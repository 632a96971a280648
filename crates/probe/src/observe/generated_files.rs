//! The files generated from the roster, compared with what the roster would generate now.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use mosaic_domain::{AgentName, RuntimeName, env_var};
use mosaic_process::FileFingerprint;
use mosaic_regular_file::MAX_CONFIGURATION_BYTES;
use mosaic_roster::{AgentEnvFile, AgentSettings, DROP_IN_FILE_NAME, Roster};
use mosaic_systemd::{UnitDirectories, UnitName};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, open};

use super::GeneratedFiles;
use crate::target::Target;

/// The comparison of each agent's files, valid as long as neither the files nor the roster change.
#[derive(Debug, Default)]
pub(super) struct GeneratedFilesCache {
    roster: Option<Arc<Roster>>,
    /// One entry per agent, in the order of the roster.
    agents: Vec<CacheEntry>,
    all: Arc<FilesByAgent>,
}

/// The comparisons of all agents of the roster.
type FilesByAgent = BTreeMap<AgentName, Arc<GeneratedFiles>>;

#[derive(Debug)]
struct CacheEntry {
    files: AgentFiles,
    /// The marks of both files before they were read, each `None` if the file is missing; `None` if they must be read again.
    marks: Option<[Option<FileFingerprint>; 2]>,
    compared: Arc<GeneratedFiles>,
}

impl GeneratedFilesCache {
    /// Compares the env file and the drop-in of every agent of the roster.
    pub(super) fn read(&mut self, target: &Target, roster: Arc<Roster>) -> Arc<FilesByAgent> {
        let same_roster = self.roster.as_ref().is_some_and(|before| Arc::ptr_eq(before, &roster));
        let units = target.unit_directories.as_ref();
        let directories = Directories::open(target);
        let mut last = None;
        if !same_roster {
            let env_files = target.home.paths().agents();
            self.agents = roster
                .agents
                .iter()
                .map(|agent| {
                    let settings = roster.settings(agent);
                    let files = AgentFiles::new(&env_files, units, &settings.name);
                    let marks = files.marks(&directories);
                    let (compared, were_read) = files.compare(&settings, &mut last);
                    CacheEntry { marks: marks.filter(|_| were_read), compared: Arc::new(compared), files }
                })
                .collect();
        }
        let mut changed = !same_roster;
        for (agent, entry) in roster.agents.iter().zip(&mut self.agents).filter(|_| same_roster) {
            let marks = entry.files.marks(&directories);
            if are_unchanged(entry.marks, marks) {
                entry.marks = marks;
                continue;
            }
            let (compared, were_read) = entry.files.compare(&roster.settings(agent), &mut last);
            // A file that could not be read may be readable the next time, though its mark is unchanged.
            entry.marks = marks.filter(|_| were_read);
            if *entry.compared != compared {
                entry.compared = Arc::new(compared);
                changed = true;
            }
        }
        if changed {
            let compared = self.agents.iter().map(|entry| Arc::clone(&entry.compared));
            self.all = Arc::new(roster.agents.iter().map(|agent| agent.name.clone()).zip(compared).collect());
        }
        self.roster = Some(roster);
        Arc::clone(&self.all)
    }
}

/// Whether both files are unchanged.
fn are_unchanged(before: Option<[Option<FileFingerprint>; 2]>, now: Option<[Option<FileFingerprint>; 2]>) -> bool {
    let is_unchanged = |(before, now): (Option<FileFingerprint>, Option<FileFingerprint>)| match (before, now) {
        (Some(before), Some(now)) => before.still_matches(&now),
        (before, now) => before.is_none() && now.is_none(),
    };
    before.zip(now).is_some_and(|(before, now)| before.into_iter().zip(now).all(is_unchanged))
}

/// The comparison of an env file, which depends on the agent's name only if the file contains it. Agents of one kind have equal files and
/// usually are adjacent in the roster, so the last comparison is reused.
struct EnvComparison {
    text: Option<String>,
    settings: AgentSettings,
    difference: Option<String>,
    command: Arc<str>,
    search_path: Option<Arc<str>>,
}

impl EnvComparison {
    fn new(text: Option<String>, settings: &AgentSettings) -> Self {
        let written = AgentEnvFile::parse(text.as_deref().unwrap_or_default());
        let expected = written.merged(settings, None);
        let command = expected.value(env_var::AGENT_COMMAND).filter(|command| !command.is_empty());
        Self {
            text,
            settings: settings.clone(),
            difference: (written != expected).then(|| difference(&written, &expected)),
            command: command.unwrap_or_else(|| default_command(Some(settings.runtime.as_str()))).into(),
            search_path: expected.value(env_var::PATH).filter(|path| !path.is_empty()).map(Into::into),
        }
    }

    fn applies_to(&self, text: Option<&str>, settings: &AgentSettings) -> bool {
        let names_agent = text.is_some_and(|text| text.contains(env_var::AGENT_NAME));
        self.text.as_deref() == text
            && (!names_agent || self.settings.name == settings.name)
            && AgentSettings { name: settings.name.clone(), ..self.settings.clone() } == *settings
    }
}

impl AgentFiles {
    /// Compares the files; also returns whether both could be read.
    fn compare(&self, settings: &AgentSettings, last: &mut Option<EnvComparison>) -> (GeneratedFiles, bool) {
        let path = self.env.path.display();
        let mut outdated = Vec::new();
        let mut were_read = true;
        let mut unusable = None;
        let read = text(&self.env.path).unwrap_or_else(|error| {
            if is_no_env_file(&error) {
                unusable = Some(Arc::from(&*self.env.path));
            }
            outdated.push(unreadable(&self.env.path, &error));
            were_read = false;
            None
        });
        if read.is_none() && outdated.is_empty() {
            outdated.push(format!("{path} does not exist"));
        }
        let exists = read.is_some();
        let compared = match last.take().filter(|last| last.applies_to(read.as_deref(), settings)) {
            Some(same) => last.insert(same),
            None => last.insert(EnvComparison::new(read, settings)),
        };
        if let Some(difference) = compared.difference.as_ref().filter(|_| exists) {
            outdated.push(format!("{path}: {difference}"));
        }
        if let Some(path) = self.drop_in.as_ref().map(|file| &*file.path) {
            let expected = mosaic_roster::agent_drop_in(settings);
            match text(path) {
                Ok(written) if directives(written.as_deref()).eq(directives(expected.as_deref())) => {}
                Ok(_) => outdated.push(format!("{} differs from the roster", path.display())),
                Err(error) => {
                    outdated.push(unreadable(path, &error));
                    were_read = false;
                }
            }
        }
        let (command, search_path) = (Arc::clone(&compared.command), compared.search_path.clone());
        (GeneratedFiles { outdated, unusable, command, search_path }, were_read)
    }
}

/// The command that the launcher runs by default.
pub(super) fn default_command(runtime: Option<&str>) -> String {
    format!("mosaic yolo {}", runtime.unwrap_or(RuntimeName::DEFAULT))
}

/// The names of the variables that differ. Values are left out, because they may be secrets.
fn difference(written: &AgentEnvFile, expected: &AgentEnvFile) -> String {
    let read = |env: &AgentEnvFile| env.variables().into_iter().collect::<BTreeMap<_, _>>();
    let (written, expected) = (read(written), read(expected));
    let names = written.keys().chain(expected.keys()).filter(|name| written.get(*name) != expected.get(*name));
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        "its format differs".to_owned()
    } else {
        format!("values differ from the roster: {}", names.join(", "))
    }
}

/// The lines of a drop-in without comments and blank lines.
fn directives(text: Option<&str>) -> impl Iterator<Item = &str> {
    let lines = text.unwrap_or_default().lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
}

/// The text of a file; `None` if it does not exist.
fn text(path: &Path) -> io::Result<Option<String>> {
    match mosaic_regular_file::read_text(path, MAX_CONFIGURATION_BYTES) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// Whether an error says that a file is not the text that an env file has to be, for each of its readers.
fn is_no_env_file(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, InvalidData, InvalidInput, IsADirectory};
    matches!(error.kind(), InvalidData | InvalidInput | IsADirectory | FileTooLarge)
}

/// The paths of one agent's generated files.
#[derive(Debug)]
struct AgentFiles {
    env: FilePath,
    drop_in: Option<FilePath>,
}

/// The path of a file below a directory that contains the files of all agents.
#[derive(Debug)]
struct FilePath {
    path: Box<Path>,
    /// The offset of the path relative to that directory.
    relative: usize,
}

/// The directories, opened once: resolving a thousand absolute paths would take long.
#[derive(Debug)]
struct Directories {
    env: Option<OwnedFd>,
    units: Option<OwnedFd>,
}

impl Directories {
    fn open(target: &Target) -> Self {
        let opened = |path: &Path| open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok();
        Self {
            env: opened(&target.home.paths().agents()),
            units: target.unit_directories.as_ref().and_then(|units| opened(units.own())),
        }
    }
}

impl AgentFiles {
    fn new(env_files: &Path, units: Option<&UnitDirectories>, agent: &AgentName) -> Self {
        let drop_in = format!("{}.d/{DROP_IN_FILE_NAME}", UnitName::agent(agent));
        Self {
            env: FilePath::new(env_files, &format!("{agent}.env")),
            drop_in: units.map(|units| FilePath::new(units.own(), &drop_in)),
        }
    }

    /// The marks of both files; `None` if one cannot be read, so that reading the file gives the reason.
    fn marks(&self, directories: &Directories) -> Option<[Option<FileFingerprint>; 2]> {
        let drop_in = self.drop_in.as_ref().map(|path| path.mark(directories.units.as_ref())).transpose().ok()?;
        Some([self.env.mark(directories.env.as_ref()).ok()?, drop_in.flatten()])
    }
}

impl FilePath {
    fn new(directory: &Path, file: &str) -> Self {
        let path = directory.join(file);
        Self { relative: path.as_os_str().len() - file.len(), path: path.into() }
    }

    fn mark(&self, directory: Option<&OwnedFd>) -> io::Result<Option<FileFingerprint>> {
        match directory {
            Some(directory) => {
                FileFingerprint::read(directory, OsStr::from_bytes(&self.path.as_os_str().as_bytes()[self.relative..]))
            }
            None => FileFingerprint::read(CWD, &*self.path),
        }
    }
}
