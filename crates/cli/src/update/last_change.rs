//! When a program became another one, by its files.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use jiff::Timestamp;

use super::Installation;

/// As many links as the kernel follows.
const LINKS: usize = 40;

/// When the program, a link that leads to it, or its package was last put there. Not when it was made: a
/// package's files are as old as its author says.
///
/// # Errors
/// It cannot be looked at.
pub(crate) fn last_change(program: &Path) -> io::Result<Timestamp> {
    let mut file = program.to_owned();
    let mut latest = Timestamp::MIN;
    for _ in 0..LINKS {
        let found = fs::symlink_metadata(&file)?;
        latest = latest.max(changed(&found));
        if !found.is_symlink() {
            break;
        }
        file = file.parent().unwrap_or(Path::new("/")).join(fs::read_link(&file)?);
    }
    let file = program.canonicalize()?;
    // The file itself may be a part that the new version has in common with the old one.
    if let Some(package) = Installation::of(&file).package_directory(&file)
        && let Ok(found) = fs::metadata(package.join("package.json"))
    {
        latest = latest.max(changed(&found));
    }
    Ok(latest)
}

fn changed(file: &fs::Metadata) -> Timestamp {
    let nanos = i32::try_from(file.ctime_nsec()).unwrap_or_default();
    Timestamp::new(file.ctime(), nanos).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::last_change;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::thread::sleep;
    use std::time::Duration;

    /// File systems write down times no finer than this.
    fn a_moment() {
        sleep(Duration::from_millis(20));
    }

    #[test]
    fn whatever_of_it_was_changed_last_counts() {
        let prefix = tempfile::tempdir().unwrap();
        let package = prefix.path().join("lib/node_modules/@m/pi");
        fs::create_dir_all(package.join("dist")).unwrap();
        fs::create_dir(prefix.path().join("bin")).unwrap();
        let (file, link) = (package.join("dist/cli.js"), prefix.path().join("bin/pi"));
        fs::write(package.join("package.json"), "{}").unwrap();
        fs::write(&file, "").unwrap();
        symlink("../lib/node_modules/@m/pi/dist/cli.js", &link).unwrap();
        let mut before = last_change(&link).unwrap();
        let mut is_later = || {
            let now = last_change(&link).unwrap();
            let later = now > before;
            before = now;
            later
        };
        assert!(!is_later());
        a_moment();
        fs::write(&file, "new").unwrap();
        assert!(is_later());
        a_moment();
        fs::write(package.join("package.json"), "{ }").unwrap();
        assert!(is_later());
        a_moment();
        fs::remove_file(&link).unwrap();
        symlink(&file, &link).unwrap();
        assert!(is_later());
        a_moment();
        fs::write(package.join("dist/other.js"), "").unwrap();
        assert!(!is_later());
    }
}
