//! The directory in which the demo's fleet lives.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use mosaic_heartbeat::RunDirectory;
use rustix::process::geteuid;
use rustix::rand::{GetRandomFlags, getrandom};

use super::{Programs, SOCKET};

/// The directory, and what is where in it. Its path is plain: letters, digits, `/`, `.`, `_`, `-`,
/// so that it may stand in a unit, in an env file and in a command line as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// A socket's path has at most 107 bytes.
    const LONGEST_PARENT: usize = 50;

    /// Chooses a directory that does not exist yet, below `parent` if that is fit for it.
    pub(crate) fn choose(parent: &Path) -> io::Result<Self> {
        let plain = |path: &str| {
            path.starts_with('/')
                && path.len() <= Self::LONGEST_PARENT
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        };
        let parent = parent.to_str().filter(|path| plain(path)).unwrap_or("/tmp");
        let mut number = [0; 4];
        getrandom(&mut number, GetRandomFlags::empty())?;
        Ok(Self(Path::new(parent).join(format!("mosaic-demo-{:08x}", u32::from_ne_bytes(number)))))
    }

    /// The directory that somebody chose.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the directory; it must be new.
    pub(crate) fn make(&self) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(&self.0)
    }

    /// Makes what is in it. The programs are behind links, because their own paths may hold
    /// anything.
    pub(crate) fn furnish(&self, programs: &Programs) -> io::Result<()> {
        for directory in [self.run().path(), &self.agents(), &self.work(), &self.user_home()] {
            DirBuilder::new().mode(0o700).recursive(true).create(directory)?;
        }
        symlink(programs.directory(), self.bin())?;
        symlink(programs.demo(), self.demo())
    }

    /// Removes it and everything in it; that it is not there is fine.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where heartbeats go.
    pub(crate) fn run(&self) -> RunDirectory {
        RunDirectory::new(self.0.join("run"))
    }

    /// The agents' env files.
    pub(crate) fn agents(&self) -> PathBuf {
        self.0.join("agents")
    }

    /// The env file of all.
    pub(crate) fn fleet_file(&self) -> PathBuf {
        self.0.join("fleet.env")
    }

    /// Where agents work.
    pub(crate) fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// `$HOME` of tmux, so that nobody's `~/.tmux.conf` and its plugins take part.
    pub(crate) fn user_home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// The directory of the product's programs.
    pub(crate) fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// This program.
    pub(crate) fn demo(&self) -> PathBuf {
        self.0.join("demo")
    }

    /// Where tmux makes its socket, `TMUX_TMPDIR` being the directory.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join(format!("tmux-{}/{SOCKET}", geteuid().as_raw()))
    }
}

#[cfg(test)]
mod tests {
    use super::Home;
    use std::path::Path;

    #[test]
    fn a_parent_that_is_not_plain_or_too_long_is_passed_over() {
        let long = format!("/{}", "x".repeat(60));
        for (parent, expected) in [
            ("/var/tmp", "/var/tmp"),
            ("/tmp/with space", "/tmp"),
            ("/tmp/a:b", "/tmp"),
            ("relative", "/tmp"),
            (&long, "/tmp"),
        ] {
            let home = Home::choose(Path::new(parent)).unwrap();
            assert_eq!(home.path().parent(), Some(Path::new(expected)), "{parent}");
            assert!(home.socket().as_os_str().len() < 107);
        }
    }
}
