//! Where the generated files of an agent are, and their marks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_process::FileMark;
use mosaic_roster::DROP_IN_FILE_NAME;
use mosaic_systemd::{UnitDirectories, UnitName};
use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, open};

use super::Target;

/// Where the files of one agent are.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) env: Place,
    pub(super) drop_in: Option<Place>,
}

/// A file below a directory that has those of all agents.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: Box<Path>,
    /// Where, in the path, it goes on below that directory.
    below: usize,
}

/// Those directories, opened: from the root to each of a thousand files is a long way.
#[derive(Debug)]
pub(super) struct Directories {
    env: Option<OwnedFd>,
    units: Option<OwnedFd>,
}

impl Directories {
    pub(super) fn open(target: &Target) -> Self {
        let opened = |path: &Path| open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok();
        Self {
            env: opened(&env_directory(target.home.path())),
            units: target.unit_directories.as_ref().and_then(|units| opened(units.own())),
        }
    }
}

fn env_directory(home: &Path) -> PathBuf {
    home.join("fleet/agents")
}

impl Places {
    pub(super) fn of(home: &Path, units: Option<&UnitDirectories>, agent: &AgentName) -> Self {
        let drop_in = format!("{}.d/{DROP_IN_FILE_NAME}", UnitName::agent(agent));
        Self {
            env: Place::below(&env_directory(home), &format!("{agent}.env")),
            drop_in: units.map(|units| Place::below(units.own(), &drop_in)),
        }
    }

    /// Nothing if one of them cannot be looked at: then it has to be read, to say why.
    pub(super) fn marks(&self, directories: &Directories) -> Option<[Option<FileMark>; 2]> {
        let drop_in = self.drop_in.as_ref().map(|place| place.mark(directories.units.as_ref())).transpose().ok()?;
        Some([self.env.mark(directories.env.as_ref()).ok()?, drop_in.flatten()])
    }
}

impl Place {
    fn below(directory: &Path, file: &str) -> Self {
        let path = directory.join(file);
        Self { below: path.as_os_str().len() - file.len(), path: path.into() }
    }

    fn mark(&self, directory: Option<&OwnedFd>) -> std::io::Result<Option<FileMark>> {
        match directory {
            Some(directory) => {
                FileMark::of(directory, OsStr::from_bytes(&self.path.as_os_str().as_bytes()[self.below..]))
            }
            None => FileMark::of(CWD, &*self.path),
        }
    }
}
