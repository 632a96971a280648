mod agents;
pub(crate) mod teardown;

use crate::fleet::teardown::FleetProcesses;
use crate::pane_process::PaneListener;
use crate::{SystemRelease, TmuxRelease, is_root_or_skip};
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A private home, run directory and tmux socket for one test. Drop kills every process of the fleet and removes its
/// files.
#[derive(Debug)]
pub struct Fleet {
    panes: PaneListener,
    paths: FleetLayout,
    socket: String,
    environment: BTreeMap<String, String>,
    owner: Option<(u32, u32)>,
    system: Option<PathBuf>,
    directory: TempDir,
}

impl Fleet {
    /// Creates a fleet with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns a builder for a fleet with other settings.
    pub fn builder() -> FleetBuilder {
        FleetBuilder::default()
    }

    pub(crate) fn build(builder: FleetBuilder) -> Self {
        // TMPDIR may be long, and the path of a socket is limited to 107 bytes.
        let directory = tempfile::Builder::new()
            .prefix("mf-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in("/tmp")
            .expect("create a directory in /tmp");
        let root = directory.path();
        let paths = FleetLayout::new(root, builder.run.as_ref().map(|run| root.join(run)));
        let name = root.file_name().expect("the directory has a name");
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
        if let Some(first) = &builder.path_first {
            let path = format!("{}:{}", text(first), search_path());
            // A user manager replaces the PATH that it inherits by that of /etc/environment, if there is one.
            let generated = paths.home.join(".config/environment.d");
            make_directory(&generated);
            std::fs::write(generated.join("zz-path.conf"), format!("PATH={path}\n"))
                .expect("write an environment file");
            environment.insert("PATH".to_owned(), path);
        }
        environment.extend(builder.environment);
        give(root, builder.owner);
        Self { panes, paths, socket, environment, owner: builder.owner, system: builder.system, directory }
    }

    /// The root directory of the fleet.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// `$HOME`.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.paths.home
    }

    /// The default `MOSAIC_HOME`, `$HOME/.config/mosaic`.
    #[must_use]
    pub fn mosaic_home(&self) -> &Path {
        &self.paths.mosaic_home
    }

    /// `$XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn runtime_directory(&self) -> &Path {
        &self.paths.runtime
    }

    /// The directory of the heartbeats, which the product creates.
    #[must_use]
    pub fn run_directory(&self) -> &Path {
        &self.paths.run
    }

    /// The name of the tmux socket.
    #[must_use]
    pub fn tmux_socket(&self) -> &str {
        &self.socket
    }

    /// The complete environment of every process in the fleet.
    #[must_use]
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// The uid and gid of the fleet's processes, if they differ from those of the test.
    #[must_use]
    pub fn owner(&self) -> Option<(u32, u32)> {
        self.owner
    }

    /// The directory that takes the place of `/usr` for the user manager, see [`SystemRelease`].
    pub(crate) fn system(&self) -> Option<&Path> {
        self.system.as_deref()
    }

    /// Returns a command that runs in the fleet's environment and home, with an empty standard input.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(&self.paths.home).stdin(Stdio::null());
        if let Some((uid, gid)) = self.owner {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Runs tmux on the fleet's server without starting a server.
    #[must_use]
    pub fn tmux(&self, arguments: &[&str]) -> Output {
        self.run_tmux(&["-N"], arguments)
    }

    /// Runs tmux on the fleet's server and starts the server if necessary, without a configuration file.
    #[must_use]
    pub fn tmux_server(&self, arguments: &[&str]) -> Output {
        self.run_tmux(&["-f", "/dev/null"], arguments)
    }

    /// The PIDs of all processes that were started in this fleet, except zombies.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        FleetProcesses::new(self.root()).list()
    }

    pub(crate) fn paths(&self) -> &FleetLayout {
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
    made.unwrap_or_else(|error| panic!("create {}: {error}", path.display()));
}

/// Changes the owner of a file or a directory tree to the fleet's user, if that is not the user of the test.
pub(crate) fn give(path: &Path, owner: Option<(u32, u32)>) {
    let Some((uid, gid)) = owner else { return };
    lchown(path, Some(uid), Some(gid)).expect("chown, which requires root");
    if path.is_dir() && !path.is_symlink() {
        for entry in std::fs::read_dir(path).expect("read a directory").flatten() {
            give(&entry.path(), owner);
        }
    }
}

/// The system's directories, so that no test depends on programs in the developer's home. If they do not contain
/// tmux, its directory is added.
fn search_path() -> String {
    let usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let has_tmux = |directory: &PathBuf| directory.join("tmux").is_file();
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
    path.to_str().expect("the paths of a fleet are UTF-8").to_owned()
}

/// Settings of a [`Fleet`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct FleetBuilder {
    pub(crate) socket: Option<String>,
    pub(crate) run: Option<PathBuf>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) path_first: Option<PathBuf>,
    pub(crate) owner: Option<(u32, u32)>,
    pub(crate) system: Option<PathBuf>,
}

impl FleetBuilder {
    /// Sets the name of the tmux socket. Its directory stays private to the fleet.
    pub fn tmux_socket(mut self, name: impl Into<String>) -> Self {
        self.socket = Some(name.into());
        self
    }

    /// Sets the directory of the heartbeats, relative to the fleet's root, and `MOSAIC_HEARTBEAT_RUN_DIR`.
    pub fn run_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.run = Some(path.into());
        self
    }

    /// Adds an environment variable for every process of the fleet.
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((key.into(), value.into()));
        self
    }

    /// Puts a directory before the others on `PATH`, for every process of the fleet, also in units.
    pub fn path_first(mut self, directory: &Path) -> Self {
        self.path_first = Some(directory.to_owned());
        self
    }

    /// Runs the fleet with another version of tmux, or returns `None` with a skip notice, see
    /// [`TmuxRelease::unpacked_or_skip`].
    #[must_use]
    pub fn tmux_or_skip(self, release: TmuxRelease) -> Option<Self> {
        Some(self.path_first(&release.unpacked_or_skip()?))
    }

    /// Runs the user manager and what it starts with the system programs of another release, or returns `None` with a
    /// skip notice, see [`SystemRelease::unpacked_or_skip`]. Requires root.
    #[must_use]
    pub fn system_or_skip(mut self, release: SystemRelease) -> Option<Self> {
        if !is_root_or_skip("the system programs of another release") {
            return None;
        }
        self.system = Some(release.unpacked_or_skip()?);
        Some(self)
    }

    /// Runs every process as this user, for tests whose result would differ for root. Requires root.
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = Some((uid, gid));
        self
    }

    /// Creates the directories. No process is started.
    #[must_use]
    pub fn build(self) -> Fleet {
        Fleet::build(self)
    }
}

/// The directories of a test fleet.
#[derive(Clone, Debug)]
pub(crate) struct FleetLayout {
    pub(crate) root: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) mosaic_home: PathBuf,
    pub(crate) tmux: PathBuf,
    pub(crate) runtime: PathBuf,
    pub(crate) run: PathBuf,
}

impl FleetLayout {
    pub(crate) fn new(root: &Path, run: Option<PathBuf>) -> Self {
        let home = root.join("home");
        let mosaic_home = home.join(".config/mosaic");
        Self {
            root: root.to_owned(),
            tmux: root.join("tmux"),
            runtime: root.join("run"),
            run: run.unwrap_or_else(|| mosaic_home.join("fleet/run")),
            home,
            mosaic_home,
        }
    }

    pub(crate) fn pane_socket(&self) -> PathBuf {
        self.root.join("panes")
    }
}
