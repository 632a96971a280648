mod agents;
pub(crate) mod teardown;

use crate::fleet::teardown::FleetProcesses;
use crate::pane_process::PaneListener;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// One test's own world: home, run directory, tmux socket. All that runs in it is killed, and all
/// that it wrote is removed, when this is dropped.
#[derive(Debug)]
pub struct Fleet {
    panes: PaneListener,
    paths: FleetLayout,
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
        let paths = FleetLayout::new(root, builder.run.as_ref().map(|run| root.join(run)));
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
    path.to_str().expect("paths of a fleet are ASCII").to_owned()
}

/// Says how a [`Fleet`] differs from the usual one.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct FleetBuilder {
    pub(crate) socket: Option<String>,
    pub(crate) run: Option<PathBuf>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) owner: Option<(u32, u32)>,
}

impl FleetBuilder {
    /// Another name for the tmux socket; its directory is the fleet's own all the same.
    pub fn tmux_socket(mut self, name: impl Into<String>) -> Self {
        self.socket = Some(name.into());
        self
    }

    /// Heartbeats go there; relative to the fleet's root. Sets `MOSAIC_HEARTBEAT_RUN_DIR`.
    pub fn run_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.run = Some(path.into());
        self
    }

    /// A variable that everything in the fleet gets.
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((key.into(), value.into()));
        self
    }

    /// Everything runs as that user, for tests in which root could do what nobody else can.
    /// Only root can ask for it.
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = Some((uid, gid));
        self
    }

    /// Makes the directories; nothing runs yet.
    #[must_use]
    pub fn build(self) -> Fleet {
        Fleet::build(self)
    }
}

/// Where everything of one fleet is.
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
