//! What an installed program says of itself without being run: its version, and the Node that it needs.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::program_version::ProgramVersion;

/// An installed program, by the files beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledPackage {
    /// The name of its npm package; `None` for a program that its own installer has put into a directory of versions.
    pub name: Option<String>,
    /// Its version.
    pub version: ProgramVersion,
    /// The oldest Node that runs it.
    pub oldest_node: Option<ProgramVersion>,
    /// When these files were last replaced.
    changed: Option<SystemTime>,
}

/// The part of a `package.json` that counts.
#[derive(serde::Deserialize)]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    #[serde(default)]
    engines: Engines,
}

#[derive(Default, serde::Deserialize)]
struct Engines {
    node: Option<String>,
}

/// The longest `package.json` that is read.
const LONGEST_MANIFEST: u64 = 1 << 20;
/// A program's file is at most this deep in its package.
const DEEPEST_FILE: usize = 8;

impl InstalledPackage {
    /// Finds the package of a program's file, whose path must not contain symbolic links: the closest one above it with
    /// one of these names.
    #[must_use]
    pub fn of_file(file: &Path, packages: &[String]) -> Option<Self> {
        let manifests = file.ancestors().skip(1).take(DEEPEST_FILE).filter_map(read_manifest);
        let is_known = |found: &Self| found.name.as_ref().is_some_and(|name| packages.contains(name));
        manifests.into_iter().find(is_known).or_else(|| version_directory(file))
    }

    /// Whether the files may have been replaced after this time. The kernel's times of files and of processes are a few
    /// milliseconds apart.
    pub(crate) fn is_newer_than(&self, time: SystemTime) -> bool {
        const TOLERANCE: Duration = Duration::from_millis(20);
        self.changed.is_some_and(|changed| changed + TOLERANCE > time)
    }
}

fn read_manifest(directory: &Path) -> Option<InstalledPackage> {
    let path = directory.join("package.json");
    // The change time: npm sets the modification time to that of the package.
    let metadata = fs::metadata(&path).ok()?;
    let nanos = u64::try_from(metadata.ctime_nsec()).unwrap_or_default();
    let changed = Duration::from_secs(u64::try_from(metadata.ctime()).ok()?) + Duration::from_nanos(nanos);
    let text = mosaic_regular_file::read(&path, LONGEST_MANIFEST).ok()?;
    let manifest: Manifest = serde_json::from_slice(&text).ok()?;
    Some(InstalledPackage {
        name: manifest.name,
        version: manifest.version?.parse().ok()?,
        oldest_node: manifest.engines.node.as_deref().and_then(oldest_version),
        changed: SystemTime::UNIX_EPOCH.checked_add(changed),
    })
}

/// `…/versions/2.1.197`: the program's own installer names the file by its version, and never replaces it.
fn version_directory(file: &Path) -> Option<InstalledPackage> {
    let is_in_versions = file.parent().and_then(Path::file_name) == Some(OsStr::new("versions"));
    let version = file.file_name()?.to_str().filter(|_| is_in_versions)?.parse().ok()?;
    Some(InstalledPackage { name: None, version, oldest_node: None, changed: None })
}

/// The version of a range such as `>=22.19.0`. Other ranges say nothing that could be checked.
fn oldest_version(range: &str) -> Option<ProgramVersion> {
    range.trim().strip_prefix(">=")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::InstalledPackage;
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_program_has_the_version_of_its_package_or_of_its_file() {
        let root = tempfile::tempdir().unwrap();
        let package = |directory: &str, manifest: &str| {
            fs::create_dir_all(root.path().join(directory).join("dist/bundle")).unwrap();
            fs::write(root.path().join(directory).join("package.json"), manifest).unwrap();
        };
        package("pi", r#"{"name": "@x/pi", "version": "1.6.0", "engines": {"node": ">=22.19.0"}}"#);
        package("pi/dist", r#"{"type": "module"}"#);
        package("old", r#"{"name": "@x/pi", "version": "0.73.1", "engines": {"node": "^20 || ^22"}}"#);
        package("other", r#"{"name": "other", "version": "9.9.9"}"#);
        package("broken", r#"{"name": "@x/pi", "version": "#);
        let table = [
            ("pi/dist/bundle/cli.js", Some("1.6.0"), Some("22.19.0")),
            ("old/dist/cli.js", Some("0.73.1"), None),
            ("other/dist/cli.js", None, None),
            ("broken/dist/cli.js", None, None),
            ("versions/2.1.197", Some("2.1.197"), None),
            ("versions/claude", None, None),
            ("claude/2.1.197", None, None),
        ];
        for (file, version, node) in table {
            let found = InstalledPackage::of_file(&root.path().join(file), &["@x/pi".to_owned()]);
            assert_eq!(found.as_ref().map(|found| found.version.to_string()).as_deref(), version, "{file}");
            let oldest = found.and_then(|found| found.oldest_node);
            assert_eq!(oldest.map(|oldest| oldest.to_string()).as_deref(), node, "{file}");
        }
        assert_eq!(InstalledPackage::of_file(Path::new("/"), &[]), None);
    }
}
