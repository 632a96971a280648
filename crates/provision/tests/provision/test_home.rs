//! A temporary user's home without a user manager, in which a plan can be executed step by step.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::MosaicHome;
use mosaic_provision::install::{self, HostFacts, Scope};
use mosaic_provision::{Executor, Layout, PROGRAMS, Plan, Step, execute, uninstall};
use mosaic_roster::Roster;
use mosaic_systemd::Linger;
use tempfile::TempDir;

/// A roster of two agents, one of them with a limit.
pub(crate) const ROSTER: &str = "version: 1
transport: tmux
agents:
  - name: mos-claude
    runtime: claude
    class: orchestrator
    working_directory: ~/src
  - name: coder0
    runtime: codex
    class: implementer
    limits:
      memory_max: 2G
";

pub(crate) struct TestHome {
    pub(crate) layout: Layout,
    pub(crate) host: HostFacts,
    root: TempDir,
}

impl TestHome {
    pub(crate) fn new() -> Self {
        Self::with_variables(&[])
    }

    /// Creates a home with additional environment variables. `{root}` in a value is replaced by the temporary directory.
    pub(crate) fn with_variables(variables: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let text = root.path().to_str().unwrap().to_owned();
        let mut environment = BTreeMap::from([("HOME", format!("{text}/home"))]);
        environment.extend(variables.iter().map(|(name, value)| (*name, value.replace("{root}", &text))));
        let lookup = |name: &str| environment.get(name).map(OsString::from);
        let mosaic_home = MosaicHome::from_environment(lookup).unwrap();
        let layout = Layout::new(&mosaic_home, lookup, root.path()).unwrap();
        let programs = root.path().join("programs");
        for name in PROGRAMS {
            program(&programs.join(name), name);
        }
        for name in ["claude", "codex"] {
            program(&root.path().join("bin").join(name), name);
        }
        fs::create_dir_all(layout.fleet()).unwrap();
        fs::set_permissions(layout.fleet(), Permissions::from_mode(0o700)).unwrap();
        fs::write(layout.fleet().join("roster.yaml"), ROSTER).unwrap();
        let host = HostFacts {
            programs,
            search_path: Some(root.path().join("bin").into()),
            no_manager: Some("a test".to_owned()),
            enabled: [].into(),
            exporter: [].into(),
            linger: Linger::NoLogind,
        };
        Self { layout, host, root }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn roster(&self) -> Roster {
        Roster::load(&self.layout.fleet().join("roster.yaml")).unwrap()
    }

    pub(crate) fn plan(&self) -> Plan {
        install::prepare(&self.layout, &self.roster(), &Scope::Everything, &self.host).unwrap()
    }

    pub(crate) fn install(&self) -> Plan {
        let plan = self.plan();
        self.execute(&plan.steps);
        plan
    }

    pub(crate) fn uninstall_plan(&self) -> Plan {
        uninstall::plan(&self.layout, &uninstall::Observed::read(&self.layout, None, [].into()).unwrap())
    }

    pub(crate) fn uninstall(&self) -> Plan {
        let plan = self.uninstall_plan();
        self.execute(&plan.steps);
        plan
    }

    pub(crate) fn executor(&self) -> Executor<'_> {
        Executor { layout: &self.layout, manager: None, user: "agents", stop_timeout: Duration::from_secs(1) }
    }

    pub(crate) fn execute(&self, steps: &[Step]) {
        execute(steps, &self.executor(), |_| {}, |step, reason| panic!("{step:?}: {reason}")).unwrap();
    }

    pub(crate) fn env(&self, agent: &str) -> PathBuf {
        self.layout.env_file(&agent.parse().unwrap())
    }

    /// All paths in the user's home and in `$XDG_RUNTIME_DIR`, with their type, mode and content.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, String> {
        let mut tree = BTreeMap::new();
        for top in ["home", "run"] {
            add(&self.root().join(top), self.root(), &mut tree);
        }
        tree
    }
}

fn add(path: &Path, root: &Path, tree: &mut BTreeMap<PathBuf, String>) {
    let Ok(kind) = fs::symlink_metadata(path) else { return };
    let name = path.strip_prefix(root).unwrap().to_owned();
    let mode = kind.permissions().mode() & 0o7777;
    if kind.is_symlink() {
        tree.insert(name, format!("-> {}", fs::read_link(path).unwrap().display()));
    } else if kind.is_dir() {
        tree.insert(name, format!("directory {mode:o}"));
        for entry in fs::read_dir(path).unwrap() {
            add(&entry.unwrap().path(), root, tree);
        }
    } else {
        tree.insert(name, format!("{mode:o} {}", fs::read_to_string(path).unwrap()));
    }
}

pub(crate) fn program(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}
