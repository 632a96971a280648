//! The unit directories on disk: which units are installed, enabled and masked.
//!
//! The directories decide what the next boot starts, whatever the manager has loaded, and can be read without
//! a manager.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mosaic_domain::env_var;
use mosaic_process::FileFingerprint;
use rustix::fs::CWD;

use crate::UnitName;

/// The directories in which the user manager looks for units (`systemd.unit(5)`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDirectories {
    /// All directories, in the order of precedence.
    search: Vec<PathBuf>,
    /// The two directories that `systemctl enable` writes to and that survive a reboot: the user's, the site's.
    persistent: [PathBuf; 2],
}

/// `HOME` is not set to an absolute path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("HOME is not set to an absolute path: set it, so that the directory of the user's units is known")]
pub struct NoUnitHome;

impl UnitDirectories {
    /// The directories of the user with this environment.
    ///
    /// # Errors
    /// `HOME` is not set, or not an absolute path.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoUnitHome> {
        Self::with_root(Path::new("/"), variable)
    }

    /// As [`from_environment`](Self::from_environment), with the system directories below `root`.
    ///
    /// # Errors
    /// `HOME` is not set, or not an absolute path.
    pub fn with_root(root: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoUnitHome> {
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute(env_var::HOME).ok_or(NoUnitHome)?;
        let config = absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")).join("systemd/user");
        let data = absolute("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("systemd/user");
        let site = root.join("etc/systemd/user");
        let runtime = absolute("XDG_RUNTIME_DIR").map(|directory| directory.join("systemd/user"));
        let shared = ["usr/local/share", "usr/share", "usr/local/lib", "usr/lib", "lib"];
        let search = [config.clone(), site.clone()]
            .into_iter()
            .chain(runtime)
            .chain([root.join("run/systemd/user"), data])
            .chain(shared.map(|directory| root.join(directory).join("systemd/user")))
            .collect();
        Ok(Self { search, persistent: [config, site] })
    }

    /// The user's own unit directory, where the installer writes.
    #[must_use]
    pub fn own(&self) -> &Path {
        &self.persistent[0]
    }

    /// All directories, in the order of precedence.
    #[must_use]
    pub fn search_path(&self) -> &[PathBuf] {
        &self.search
    }

    /// The units of Mosaic Fleet that the next boot starts: another unit wants or requires them by a link.
    /// A dangling link counts, because it takes effect as soon as its target is installed.
    ///
    /// # Errors
    /// A directory exists and cannot be read.
    pub fn enabled(&self) -> io::Result<BTreeSet<UnitName>> {
        Ok(self.links()?.enabled.into_iter().collect())
    }

    /// The units of Mosaic Fleet that are masked by a link to `/dev/null`. Masks in a runtime directory do not
    /// count, because they end with the next boot.
    ///
    /// # Errors
    /// A directory exists and cannot be read.
    pub fn masked(&self) -> io::Result<BTreeSet<UnitName>> {
        Ok(self.links()?.masked.into_iter().collect())
    }

    /// Reads the links of the persistent directories.
    ///
    /// # Errors
    /// A directory exists and cannot be read.
    pub fn links(&self) -> io::Result<UnitLinks> {
        let mut found = UnitLinks::default();
        for directory in &self.persistent {
            found.record_directory(directory)?;
            for (path, is_link) in entries(directory)? {
                if path.extension().is_some_and(|kind| kind == "wants" || kind == "requires") {
                    found.record_directory(&path)?;
                    let wanted = entries(&path)?.into_iter().filter(|(_, is_link)| *is_link);
                    found.enabled.extend(wanted.filter_map(|(link, _)| our_unit(&link)));
                }
                if is_link && is_mask(&path) {
                    found.masked.extend(our_unit(&path));
                }
            }
        }
        Ok(found)
    }

    /// The file that the manager loads for a unit or a template; `None` if it is missing or a mask.
    #[must_use]
    pub fn unit_file(&self, name: &str) -> Option<PathBuf> {
        let found =
            self.search.iter().map(|directory| directory.join(name)).find(|path| path.symlink_metadata().is_ok());
        found.filter(|path| !is_mask(path) && path.exists())
    }

    /// Whether a unit or a template (`mosaic-agent@.service`) is installed in any directory.
    #[must_use]
    pub fn is_installed(&self, name: &str) -> bool {
        self.unit_file(name).is_some()
    }
}

/// The entries of a directory, each with whether it is a symbolic link, as the directory itself records it.
/// A missing directory has no entries.
fn entries(directory: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let with_path = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", directory.display()));
    match fs::read_dir(directory) {
        Ok(entries) => {
            let read = |entry: fs::DirEntry| Ok((entry.path(), entry.file_type()?.is_symlink()));
            entries.map(|entry| entry.and_then(read)).collect::<io::Result<_>>().map_err(with_path)
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(with_path(error)),
    }
}

fn our_unit(link: &Path) -> Option<UnitName> {
    let name = link.file_name()?.to_str()?;
    if name.starts_with("mosaic-") { name.parse().ok() } else { None }
}

fn is_mask(path: &Path) -> bool {
    fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null"))
}

/// The units of Mosaic Fleet that links enable or mask, with the state of the directories at that time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitLinks {
    /// The units that links enable. The next boot starts them unless they are masked.
    pub enabled: HashSet<UnitName>,
    /// The units that cannot be started.
    pub masked: HashSet<UnitName>,
    /// Each directory that was read, with its mark before the read. Links are created and removed, never changed.
    directories: Vec<(PathBuf, Option<FileFingerprint>)>,
}

impl UnitLinks {
    /// Records the mark of a directory, before it is read.
    pub(crate) fn record_directory(&mut self, directory: &Path) -> io::Result<()> {
        let mark = FileFingerprint::read(CWD, directory)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", directory.display())))?;
        self.directories.push((directory.to_owned(), mark));
        Ok(())
    }

    /// Whether a unit or its template is masked, so that nothing can start it.
    #[must_use]
    pub fn is_masked(&self, unit: &UnitName) -> bool {
        let template_is_masked = || self.masked.iter().any(|masked| masked.as_str() == UnitName::AGENT_TEMPLATE);
        self.masked.contains(unit) || (unit.agent_name().is_some() && template_is_masked())
    }

    /// Whether the next boot starts a unit.
    #[must_use]
    pub fn starts_at_boot(&self, unit: &UnitName) -> bool {
        self.enabled.contains(unit) && !self.is_masked(unit)
    }

    /// Whether all directories are unchanged, so that reading them again would return the same.
    #[must_use]
    pub fn is_current(&self) -> bool {
        !self.directories.is_empty()
            && self.directories.iter().all(|(directory, before)| {
                match (before, FileFingerprint::read(CWD, directory)) {
                    (Some(before), Ok(Some(now))) => before.still_matches(&now),
                    (None, Ok(None)) => true,
                    _ => false,
                }
            })
    }
}

/// A change that enabling or disabling a unit made on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFileChange {
    /// The kind of change.
    pub kind: UnitFileChangeKind,
    /// The path that was created or removed.
    pub path: PathBuf,
    /// The target of a new link.
    pub target: Option<PathBuf>,
}

/// The kind of a [`UnitFileChange`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitFileChangeKind {
    /// A link was created.
    Linked,
    /// A link was removed.
    Unlinked,
    /// Another kind, as the manager names it.
    Notice(String),
}

#[cfg(test)]
mod tests {
    use super::{UnitDirectories, UnitLinks};
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn with_home(root: &Path) -> UnitDirectories {
        let home = root.join("home");
        UnitDirectories::with_root(root, |name| (name == "HOME").then(|| OsString::from(&home))).unwrap()
    }

    fn link(target: &str, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    fn names(units: impl IntoIterator<Item = crate::UnitName>) -> Vec<String> {
        units.into_iter().map(|unit| unit.to_string()).collect()
    }

    #[test]
    fn only_links_in_the_persistent_directories_enable_a_unit() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("home/.config/systemd/user");
        let etc = root.path().join("etc/systemd/user");
        let run = root.path().join("run/systemd/user");
        link("../mosaic-agent@.service", &own.join("default.target.wants/mosaic-agent@a.service"));
        link("/nowhere", &own.join("mosaic-fleet.target.requires/mosaic-agent@b.service"));
        link("/nowhere", &etc.join("default.target.wants/mosaic-tmux-holder.service"));
        link("/nowhere", &run.join("default.target.wants/mosaic-agent@c.service"));
        link("/nowhere", &own.join("default.target.wants/other.service"));
        link("/nowhere", &own.join("mosaic-agent@d.service"));
        fs::write(own.join("default.target.wants/mosaic-agent@e.service"), "").unwrap();
        let expected = ["mosaic-agent@a.service", "mosaic-agent@b.service", "mosaic-tmux-holder.service"];
        assert_eq!(names(with_home(root.path()).enabled().unwrap()), expected);
    }

    #[test]
    fn a_masked_unit_does_not_start_at_boot_although_a_link_enables_it() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("home/.config/systemd/user");
        for agent in ["a", "b"] {
            let unit = format!("mosaic-agent@{agent}.service");
            link("../mosaic-agent@.service", &own.join("default.target.wants").join(unit));
        }
        link("../mosaic-tmux-holder.service", &own.join("default.target.wants/mosaic-tmux-holder.service"));
        let starting = || {
            let links = with_home(root.path()).links().unwrap();
            let units = ["mosaic-agent@a.service", "mosaic-agent@b.service", "mosaic-tmux-holder.service"];
            units.map(|unit| links.starts_at_boot(&unit.parse().unwrap()))
        };
        assert_eq!(starting(), [true; 3]);
        link("/dev/null", &own.join("mosaic-agent@a.service"));
        assert_eq!(starting(), [false, true, true]);
        link("/dev/null", &own.join("mosaic-agent@.service"));
        assert_eq!(starting(), [false, false, true]);
    }

    #[test]
    fn missing_directories_have_no_units() {
        let root = tempfile::tempdir().unwrap();
        let directories = with_home(root.path());
        assert_eq!(names(directories.enabled().unwrap()), [""; 0]);
        assert!(!directories.is_installed("mosaic-agent@.service"));
    }

    #[test]
    fn the_first_unit_file_takes_precedence_even_if_it_is_a_mask() {
        let root = tempfile::tempdir().unwrap();
        let name = "mosaic-agent@.service";
        let directories = with_home(root.path());
        for directory in ["usr/lib/systemd/user", "etc/systemd/user", "home/.config/systemd/user"] {
            let path = root.path().join(directory).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            assert_eq!(directories.unit_file(name), Some(path));
        }
        fs::remove_file(directories.own().join(name)).unwrap();
        link("/dev/null", &directories.own().join(name));
        link("/dev/null", &directories.own().join("mosaic-tmux-holder.service"));
        assert!(!directories.is_installed(name));
        assert_eq!(names(directories.masked().unwrap()), ["mosaic-agent@.service", "mosaic-tmux-holder.service"]);
    }

    #[test]
    fn xdg_config_home_overrides_home() {
        let table = [
            (Some("/c"), Some("/h"), Some("/c/systemd/user")),
            (Some("relative"), Some("/h"), Some("/h/.config/systemd/user")),
            (None, Some("/h"), Some("/h/.config/systemd/user")),
            (None, None, None),
        ];
        for (config, home, expected) in table {
            let variable = |name: &str| match name {
                "XDG_CONFIG_HOME" => config.map(OsString::from),
                "HOME" => home.map(OsString::from),
                _ => None,
            };
            let directories = UnitDirectories::from_environment(variable).ok();
            assert_eq!(directories.as_ref().map(UnitDirectories::own), expected.map(Path::new));
        }
    }

    #[test]
    fn links_are_not_current_after_a_directory_was_created_or_changed() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        let directories =
            UnitDirectories::with_root(root.path(), |name| (name == "HOME").then(|| OsString::from(&home))).unwrap();
        let empty = directories.links().unwrap();
        assert!(empty.is_current() && !UnitLinks::default().is_current());
        let wants = directories.own().join("default.target.wants");
        fs::create_dir_all(&wants).unwrap();
        assert!(!empty.is_current());
        symlink("/nowhere", wants.join("mosaic-agent@a.service")).unwrap();
        let fresh = directories.links().unwrap();
        assert_eq!(fresh.enabled.len(), 1);
        assert!(!fresh.is_current(), "another link in the same clock tick would go unnoticed");
    }
}
