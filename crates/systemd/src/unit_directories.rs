//! Which units are installed, enabled and masked, by what is on the disk: that is what a boot will
//! find, whatever the manager has loaded, and it can be read without one.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{UnitLinks, UnitName};

/// The directories in which the user manager looks for units (`systemd.unit(5)`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDirectories {
    /// Best first.
    search: Vec<PathBuf>,
    /// Those of them whose links last over a boot and are made by enabling.
    lasting: [PathBuf; 2],
}

/// Neither `XDG_CONFIG_HOME` nor `HOME` is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("HOME is not set: set it, so that the directory of the user's units is known")]
pub struct NoUnitHome;

impl UnitDirectories {
    /// Those of a user with this environment.
    ///
    /// # Errors
    /// `HOME` is not set, or not an absolute path.
    pub fn of_user(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoUnitHome> {
        Self::below(Path::new("/"), variable)
    }

    /// The same, with the system's own directories below another root.
    ///
    /// # Errors
    /// `HOME` is not set, or not an absolute path.
    pub fn below(root: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoUnitHome> {
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME").ok_or(NoUnitHome)?;
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
        Ok(Self { search, lasting: [config, site] })
    }

    /// The directory of the user's own units, where an installer puts them.
    #[must_use]
    pub fn own(&self) -> &Path {
        &self.lasting[0]
    }

    /// All of them, best first.
    #[must_use]
    pub fn search_path(&self) -> &[PathBuf] {
        &self.search
    }

    /// The units of Mosaic Fleet that a boot starts: those that another unit wants or requires by a
    /// link. A link that leads nowhere counts too, because it comes to life with its target.
    ///
    /// # Errors
    /// A directory is there and cannot be read.
    pub fn enabled(&self) -> io::Result<BTreeSet<UnitName>> {
        Ok(self.links()?.enabled.into_iter().collect())
    }

    /// The units of Mosaic Fleet that may not be started, by a link to `/dev/null`. A boot ends
    /// the mask of a runtime directory, so those do not count.
    ///
    /// # Errors
    /// A directory is there and cannot be read.
    pub fn masked(&self) -> io::Result<BTreeSet<UnitName>> {
        Ok(self.links()?.masked.into_iter().collect())
    }

    /// What the links of the lasting directories say.
    ///
    /// # Errors
    /// A directory is there and cannot be read.
    pub fn links(&self) -> io::Result<UnitLinks> {
        let mut found = UnitLinks::default();
        for directory in &self.lasting {
            found.note(directory)?;
            for (path, is_link) in entries(directory)? {
                if path.extension().is_some_and(|kind| kind == "wants" || kind == "requires") {
                    found.note(&path)?;
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

    /// The file that the manager would read for a unit or a template, and not a mask.
    #[must_use]
    pub fn unit_file(&self, name: &str) -> Option<PathBuf> {
        let found =
            self.search.iter().map(|directory| directory.join(name)).find(|path| path.symlink_metadata().is_ok());
        found.filter(|path| !is_mask(path) && path.exists())
    }

    /// Is a unit or a template (`mosaic-agent@.service`) installed anywhere?
    #[must_use]
    pub fn template_installed(&self, name: &str) -> bool {
        self.unit_file(name).is_some()
    }
}

/// What is in a directory, and whether it is a link, which the directory itself says; nothing, if
/// that is not there.
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

#[cfg(test)]
mod tests {
    use super::UnitDirectories;
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn of_home(root: &Path) -> UnitDirectories {
        let home = root.join("home");
        UnitDirectories::below(root, |name| (name == "HOME").then(|| OsString::from(&home))).unwrap()
    }

    fn link(target: &str, path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    fn names(units: impl IntoIterator<Item = crate::UnitName>) -> Vec<String> {
        units.into_iter().map(|unit| unit.to_string()).collect()
    }

    #[test]
    fn a_unit_is_enabled_by_a_link_in_either_lasting_directory_and_by_nothing_else() {
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
        assert_eq!(names(of_home(root.path()).enabled().unwrap()), expected);
    }

    #[test]
    fn without_any_directory_nothing_is_enabled_or_installed() {
        let root = tempfile::tempdir().unwrap();
        let directories = of_home(root.path());
        assert_eq!(names(directories.enabled().unwrap()), [""; 0]);
        assert!(!directories.template_installed("mosaic-agent@.service"));
    }

    #[test]
    fn the_best_file_counts_also_when_it_is_a_mask() {
        let root = tempfile::tempdir().unwrap();
        let name = "mosaic-agent@.service";
        let directories = of_home(root.path());
        for place in ["usr/lib/systemd/user", "etc/systemd/user", "home/.config/systemd/user"] {
            let path = root.path().join(place).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            assert_eq!(directories.unit_file(name), Some(path));
        }
        fs::remove_file(directories.own().join(name)).unwrap();
        link("/dev/null", &directories.own().join(name));
        link("/dev/null", &directories.own().join("mosaic-tmux-holder.service"));
        assert!(!directories.template_installed(name));
        assert_eq!(names(directories.masked().unwrap()), ["mosaic-agent@.service", "mosaic-tmux-holder.service"]);
    }

    #[test]
    fn the_configuration_directory_of_the_environment_is_honoured() {
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
            let directories = UnitDirectories::of_user(variable).ok();
            assert_eq!(directories.as_ref().map(UnitDirectories::own), expected.map(Path::new));
        }
    }
}
