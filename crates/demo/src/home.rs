//! The directory of the demo's fleet.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use mosaic_domain::{FleetPaths, env_var};
use mosaic_heartbeat::RunDirectory;
use rustix::process::geteuid;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::{AGENTS, DemoError, SOCKET};

/// The programs that the demo starts.
pub(crate) struct Programs {
    /// The directory of `start-agent-session`, `agent-sidecar` and `agent-pane`.
    pub(crate) directory: PathBuf,
    /// This program.
    pub(crate) demo: PathBuf,
}

impl Programs {
    /// Finds the programs in `MOSAIC_FLEET_BIN_DIR`, else in the directory of this program.
    pub(crate) fn find() -> Result<Self, DemoError> {
        let demo = env::current_exe().map_err(DemoError::io("determine the path of this program"))?;
        let given = env::var_os(env_var::FLEET_BIN_DIR).filter(|value| !value.is_empty()).map(PathBuf::from);
        let directory = given.unwrap_or_else(|| demo.parent().unwrap_or(Path::new("/")).to_owned());
        let directory = std::path::absolute(&directory).map_err(DemoError::io("determine the working directory"))?;
        let programs = ["start-agent-session", "agent-sidecar", "agent-pane"].map(|name| directory.join(name));
        match programs.into_iter().find(|program| !program.is_file()) {
            Some(missing) => Err(DemoError::ProgramNotFound(missing)),
            None => Ok(Self { directory, demo }),
        }
    }
}

/// The directory and the paths in it. The path itself consists of letters, digits, `/`, `.`, `_` and `-`, so that no
/// shell and no unit needs it quoted. Its last component, `mosaic-demo-1f0c9a2b`, is the prefix of the unit names.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// The path of a socket has at most 107 bytes.
    const MAX_PARENT_LENGTH: usize = 50;

    /// Chooses a directory that does not exist, in `parent` if that is short and plain, else in `/tmp`.
    pub(crate) fn choose(parent: &Path) -> io::Result<Self> {
        let plain = |path: &str| {
            path.starts_with('/')
                && path.len() <= Self::MAX_PARENT_LENGTH
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        };
        let parent = parent.to_str().filter(|path| plain(path)).unwrap_or("/tmp");
        let mut number = [0; 4];
        getrandom(&mut number, GetRandomFlags::empty())?;
        Ok(Self(Path::new(parent).join(format!("mosaic-demo-{:08x}", u32::from_ne_bytes(number)))))
    }

    /// The home at a path that was chosen before.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Creates the directory, which must not exist.
    pub(crate) fn create(&self) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(&self.0)
    }

    /// Creates the content of the directory. The programs are symbolic links, because their paths may be any.
    pub(crate) fn fill(&self, programs: &Programs, runtime: &str, command: &str) -> io::Result<()> {
        let fleet = self.fleet_paths();
        for directory in [fleet.run(), self.join("work"), self.join("home")] {
            DirBuilder::new().mode(0o700).recursive(true).create(directory)?;
        }
        symlink(&programs.directory, self.join("bin"))?;
        symlink(&programs.demo, self.join("demo"))?;
        fs::write(fleet.roster(), roster(runtime, command))
    }

    /// Removes the directory with its content. A missing directory is no error.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The prefix of the names of the demo's units.
    pub(crate) fn unit_prefix(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// A path in the directory: `work` is the working directory of the agents, `home` is `HOME` of the tmux server
    /// (so that the user's `~/.tmux.conf` has no effect), `mosaic` is `MOSAIC_HOME`, `bin` has the launcher's
    /// programs, `demo` is this program, and `units` exists if units were started.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The paths below `MOSAIC_HOME`.
    pub(crate) fn fleet_paths(&self) -> FleetPaths {
        FleetPaths::new(self.join("mosaic"))
    }

    /// The directory of the heartbeats.
    pub(crate) fn run(&self) -> RunDirectory {
        RunDirectory::new(self.fleet_paths().run())
    }

    /// The socket that tmux creates if `TMUX_TMPDIR` is the directory.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join(format!("tmux-{}/{SOCKET}", geteuid().as_raw()))
    }
}

fn roster(runtime: &str, command: &str) -> String {
    let classes = ["orchestrator", "implementer", "reviewer"];
    let command = command.replace('\'', "''");
    let agents = AGENTS.iter().zip(classes).map(|(name, class)| format!("  - name: {name}\n    class: {class}\n"));
    format!(
        "version: 1\ntransport: tmux\ntmux:\n  socket_name: {SOCKET}\ndefaults:\n  runtime: {runtime}\nruntimes:\n  \
         {runtime}:\n    command: '{command}'\nagents:\n{}",
        agents.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::Home;
    use std::path::Path;

    #[test]
    fn a_parent_that_is_too_long_or_not_plain_is_replaced_by_tmp() {
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
