mod agents;
mod programs;
pub(crate) mod teardown;

use crate::FleetBuilder;
use crate::fleet_paths::FleetPaths;
use crate::fleet_processes::FleetProcesses;
use crate::pane_listener::PaneListener;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// One test's own world: home, run directory, tmux socket. All that runs in it is killed, and all
/// that it wrote is removed, when this is dropped.
#[derive(Debug)]
pub struct Fleet {
    panes: PaneListener,
    paths: FleetPaths,
    socket: String,
    environment: BTreeMap<String, String>,
    owner: Option<(u32, u32)>,
    directory: TempDir,
}

impl Fleet {
    /// The usual one.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// One that differs.
    pub fn builder() -> FleetBuilder {
        FleetBuilder::default()
    }

    pub(crate) fn build(builder: FleetBuilder) -> Self {
        // Not TMPDIR: it may be long, and the path of a socket has 107 bytes.
        let directory = tempfile::Builder::new()
            .prefix("mf-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in("/tmp")
            .expect("a directory in /tmp");
        let root = directory.path();
        let paths = FleetPaths::new(root, builder.run.as_ref().map(|run| root.join(run)));
        let name = root.file_name().expect("it has a name");
        let socket = builder.socket.unwrap_or_else(|| text(name.as_ref()));
        for path in [&paths.mosaic_home, &paths.tmux, &paths.runtime] {
            make_directory(path);
        }
        let panes = PaneListener::new(&paths.pane_socket());
        let mut environment = BTreeMap::from([
            ("PATH".to_owned(), search_path()),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
            ("HOME".to_owned(), text(&paths.home)),
            ("TMUX_TMPDIR".to_owned(), text(&paths.tmux)),
            ("XDG_RUNTIME_DIR".to_owned(), text(&paths.runtime)),
            ("MOSAIC_TMUX_SOCKET".to_owned(), socket.clone()),
        ]);
        if builder.run.is_some() {
            environment.insert("MOSAIC_HEARTBEAT_RUN_DIR".to_owned(), text(&paths.run));
        }
        environment.extend(builder.environment);
        give(root, builder.owner);
        Self { panes, paths, socket, environment, owner: builder.owner, directory }
    }

    /// The directory everything is in.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// `$HOME`.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.paths.home
    }

    /// `MOSAIC_HOME`, where it is by default.
    #[must_use]
    pub fn mosaic_home(&self) -> &Path {
        &self.paths.mosaic_home
    }

    /// `$XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn runtime_directory(&self) -> &Path {
        &self.paths.runtime
    }

    /// Where the heartbeats are; the product makes it.
    #[must_use]
    pub fn run_directory(&self) -> &Path {
        &self.paths.run
    }

    /// The name of the tmux socket.
    #[must_use]
    pub fn tmux_socket(&self) -> &str {
        &self.socket
    }

    /// The environment of everything in the fleet; nothing else is in it.
    #[must_use]
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// The user everything runs as, where it is not the one who runs the test.
    #[must_use]
    pub fn owner(&self) -> Option<(u32, u32)> {
        self.owner
    }

    /// A program in the fleet's environment and home, standard input closed.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(&self.paths.home).stdin(Stdio::null());
        if let Some((uid, gid)) = self.owner {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// tmux on the fleet's server; never starts one.
    #[must_use]
    pub fn tmux(&self, arguments: &[&str]) -> Output {
        self.run_tmux(&["-N"], arguments)
    }

    /// tmux on the fleet's server, which it may start, with no configuration of the machine's.
    #[must_use]
    pub fn tmux_server(&self, arguments: &[&str]) -> Output {
        self.run_tmux(&["-f", "/dev/null"], arguments)
    }

    /// Every process on the machine that was started in this fleet, zombies excepted.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        FleetProcesses::new(self.root()).list()
    }

    pub(crate) fn paths(&self) -> &FleetPaths {
        &self.paths
    }

    fn run_tmux(&self, options: &[&str], arguments: &[&str]) -> Output {
        self.command("tmux").args(["-u", "-L", &self.socket]).args(options).args(arguments).output().expect("run tmux")
    }
}

impl Default for Fleet {
    fn default() -> Self {
        Self::new()
    }
}

fn make_directory(path: &Path) {
    let mut builder = std::fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(path);
    made.unwrap_or_else(|error| panic!("make {}: {error}", path.display()));
}

/// Hands what the test has made to the user everything runs as.
pub(crate) fn give(path: &Path, owner: Option<(u32, u32)>) {
    let Some((uid, gid)) = owner else { return };
    lchown(path, Some(uid), Some(gid)).expect("chown, which only root can");
    if path.is_dir() && !path.is_symlink() {
        for entry in std::fs::read_dir(path).expect("read a directory").flatten() {
            give(&entry.path(), owner);
        }
    }
}

/// Fixed, so that no test depends on what the developer has installed for himself; but tmux may
/// be there.
fn search_path() -> String {
    let usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let has_tmux = |directory: &std::path::PathBuf| directory.join("tmux").is_file();
    if std::env::split_paths(usual).any(|directory| has_tmux(&directory)) {
        return usual.to_owned();
    }
    let own = std::env::var_os("PATH").unwrap_or_default();
    match std::env::split_paths(&own).find(has_tmux) {
        Some(directory) => format!("{usual}:{}", directory.display()),
        None => usual.to_owned(),
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("paths of a fleet are ASCII").to_owned()
}
