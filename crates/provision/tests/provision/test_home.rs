//! A user's home without a user manager, in which an install can be driven step by step.
#![allow(dead_code, reason = "each test file uses its part of it")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::MosaicHome;
use mosaic_provision::install::{self, Scope, Surroundings};
use mosaic_provision::{Executor, Layout, PROGRAMS, Plan, Step, execute, uninstall};
use mosaic_roster::Roster;
use mosaic_systemd::Linger;
use tempfile::TempDir;

/// Two agents, one of them with a limit.
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

pub(crate) struct World {
    pub(crate) layout: Layout,
    pub(crate) surroundings: Surroundings,
    root: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::below(&[])
    }

    /// With further variables; `{root}` in a value is the world's own directory.
    pub(crate) fn below(variables: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let text = root.path().to_str().unwrap().to_owned();
        let mut environment = BTreeMap::from([("HOME", format!("{text}/home"))]);
        environment.extend(variables.iter().map(|(name, value)| (*name, value.replace("{root}", &text))));
        let lookup = |name: &str| environment.get(name).map(OsString::from);
        let home = MosaicHome::from_environment(lookup).unwrap();
        let layout = Layout::new(&home, lookup, root.path()).unwrap();
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
        let surroundings = Surroundings {
            programs,
            search_path: Some(root.path().join("bin").into()),
            no_manager: Some("a test".to_owned()),
            enabled: [].into(),
            exporter: [].into(),
            linger: Linger::NoLogind,
        };
        Self { layout, surroundings, root }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn roster(&self) -> Roster {
        Roster::load(&self.layout.fleet().join("roster.yaml")).unwrap()
    }

    pub(crate) fn plan(&self) -> Plan {
        install::prepare(&self.layout, &self.roster(), &Scope::Everything, &self.surroundings).unwrap()
    }

    pub(crate) fn install(&self) -> Plan {
        let plan = self.plan();
        self.execute(&plan.steps);
        plan
    }

    pub(crate) fn uninstall_plan(&self) -> Plan {
        uninstall::plan(&self.layout, &uninstall::Seen::look(&self.layout, None, [].into()).unwrap())
    }

    pub(crate) fn uninstall(&self) -> Plan {
        let plan = self.uninstall_plan();
        self.execute(&plan.steps);
        plan
    }

    pub(crate) fn executor(&self) -> Executor<'_> {
        Executor { layout: &self.layout, manager: None, user: "nobody", stop_limit: Duration::from_secs(1) }
    }

    pub(crate) fn execute(&self, steps: &[Step]) {
        execute(steps, &self.executor(), |_| {}, |step, why| panic!("{step:?}: {why}")).unwrap();
    }

    pub(crate) fn env(&self, agent: &str) -> PathBuf {
        self.layout.env_file(&agent.parse().unwrap())
    }

    /// Everything in the user's home and in memory: each path with its kind, mode and bytes.
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
