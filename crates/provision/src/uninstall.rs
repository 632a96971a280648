//! Uninstalling a fleet or a single agent: removes what an install wrote, and nothing else. The roster and the site's
//! own files and lines stay.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_roster::AgentEnvFile;
use mosaic_systemd::UnitName;

use crate::shipped_files::{compat_script_files, is_compat_script};
use crate::{
    GENERATED_HEADER, Layout, Manifest, PathState, Plan, ProvisionError, RunDirectoryState, Step, other_fleet,
};

/// The observed state of an installation.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The manifest; `None` if nothing is installed.
    pub manifest: Option<Manifest>,
    /// What exists at the paths of the manifest. Programs count as [`PathState::Other`].
    pub paths: BTreeMap<PathBuf, PathState>,
    /// The state of the run directory.
    pub run: RunDirectoryState,
    /// The existing directories of the fleet's own state.
    pub state_directories: Vec<PathBuf>,
    /// The active units of the fleet: agents, holder, exporter.
    pub active: BTreeSet<UnitName>,
    /// The enabled units of the fleet.
    pub enabled: BTreeSet<UnitName>,
    /// Whether there is a user manager.
    pub has_manager: bool,
    /// The home of another fleet that has taken over the units.
    pub other_fleet: Option<String>,
}

impl Observed {
    /// Reads the manifest and the paths in it. The caller provides the active units, or `None` if there is no user
    /// manager, and the enabled units.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(
        layout: &Layout,
        active: Option<BTreeSet<UnitName>>,
        enabled: BTreeSet<UnitName>,
    ) -> Result<Self, ProvisionError> {
        let manifest = Manifest::read(&layout.manifest())?;
        let mut paths = BTreeMap::new();
        for path in manifest.iter().flat_map(|manifest| &manifest.paths) {
            // Programs are not text, and are removed whatever they contain.
            let state = if path.starts_with(layout.tools()) && !is_compat_script_path(layout, path) {
                if path.exists() { PathState::Other } else { PathState::Missing }
            } else if path.starts_with(layout.agents()) {
                PathState::read_through_link(path)?
            } else {
                read_any(path)?
            };
            paths.insert(path.clone(), state);
        }
        Ok(Self {
            manifest,
            paths,
            run: RunDirectoryState::read(&layout.run())?,
            state_directories: layout.state_directories().into_iter().filter(|path| path.is_dir()).collect(),
            has_manager: active.is_some(),
            other_fleet: other_fleet(layout)?,
            active: active.unwrap_or_default(),
            enabled,
        })
    }
}

fn is_compat_script_path(layout: &Layout, path: &Path) -> bool {
    compat_script_files(layout).any(|(script, _)| script == path)
}

/// Like [`PathState::read`], but a file that is not UTF-8 counts as [`PathState::Other`]: it has replaced ours.
fn read_any(path: &Path) -> Result<PathState, ProvisionError> {
    match PathState::read(path) {
        Err(ProvisionError::NotUtf8(_)) => Ok(PathState::Other),
        state => state,
    }
}

/// Plans the removal of what the manifest lists.
///
/// Units are disabled before they are stopped, so that they do not start again, and agents are stopped before their
/// tmux server. The manifest is removed last, so that an interrupted uninstall can be resumed.
#[must_use]
pub fn plan(layout: &Layout, observed: &Observed) -> Plan {
    let mut plan = Plan::default();
    let Some(manifest) = &observed.manifest else {
        plan.notes.push(format!("nothing is installed here: {} does not exist", layout.display(&layout.manifest())));
        return plan;
    };
    match &observed.other_fleet {
        None => stop_units(layout, observed, &mut plan),
        Some(home) => plan
            .notes
            .push(format!("the units belong to another fleet ({home}): they stay installed, enabled and running")),
    }
    let is_kept = |path: &Path| observed.other_fleet.is_some() && path.starts_with(layout.units());
    for path in manifest.paths.iter().filter(|path| !is_kept(path)) {
        let state = observed.paths.get(path).unwrap_or(&PathState::Missing);
        remove_path(layout, manifest, path, state, &mut plan);
    }
    match &observed.run {
        RunDirectoryState::Directory { running } if running.is_empty() => {
            plan.steps.push(Step::RemoveRunDirectory(layout.run()));
        }
        RunDirectoryState::Directory { running } => {
            let names: Vec<&str> = running.iter().map(AgentName::as_str).collect();
            plan.notes.push(format!("the heartbeats of running agents stay: {}", names.join(", ")));
        }
        RunDirectoryState::Missing | RunDirectoryState::Link { .. } => {}
    }
    plan.steps.extend(manifest.run_directory.clone().map(Step::RemoveRunDirectory));
    plan.steps.extend(observed.state_directories.iter().cloned().map(Step::RemoveState));
    // Writes come last, when the removals have freed disk space.
    plan.steps.sort_by_key(|step| matches!(step, Step::Write { .. }));
    if observed.has_manager && plan.steps.iter().any(|step| changes_units(layout, step)) {
        plan.steps.push(Step::Reload);
    }
    if manifest.linger && observed.other_fleet.is_none() {
        plan.steps.push(Step::SetLinger(false));
    }
    plan.steps.push(Step::Remove(layout.manifest()));
    plan.steps.extend(directories(layout, manifest).into_iter().map(Step::RemoveDirectory));
    plan
}

fn stop_units(layout: &Layout, observed: &Observed, plan: &mut Plan) {
    let (agents, others): (Vec<UnitName>, Vec<UnitName>) =
        observed.active.iter().cloned().partition(|unit| unit.agent_name().is_some());
    // The outbox is stopped first, so that no message is typed into a pane while agents stop.
    let is_installed = |unit: &UnitName| {
        let text = observed.paths.get(&layout.units().join(unit.as_str())).and_then(PathState::text);
        observed.has_manager && text.is_some_and(|text| text.starts_with(GENERATED_HEADER))
    };
    let outbox: Vec<UnitName> =
        [UnitName::outbox_timer(), UnitName::outbox()].into_iter().filter(is_installed).collect();
    // A disabled unit does not start again if another process starts the holder meanwhile.
    let timer = outbox.iter().filter(|unit| **unit == UnitName::outbox_timer());
    let enabled: BTreeSet<UnitName> = observed.enabled.iter().chain(timer).cloned().collect();
    if observed.has_manager && !enabled.is_empty() {
        plan.steps.push(Step::Disable(enabled.into_iter().collect()));
    }
    plan.steps.extend([outbox, agents, others].into_iter().filter(|units| !units.is_empty()).map(Step::Stop));
}

fn remove_path(layout: &Layout, manifest: &Manifest, path: &Path, state: &PathState, plan: &mut Plan) {
    let removal = Step::Remove(path.to_owned());
    let backup = manifest.kept_aside.get(path);
    let restore = |backup: &PathBuf| Step::RestoreBackup { backup: backup.clone(), path: path.to_owned() };
    if *state == PathState::Missing {
        // An interrupted install had removed the site's file and not yet written its own.
        plan.steps.extend(backup.map(restore));
        return;
    }
    if path.parent() == Some(&layout.agents()) {
        plan.steps.extend(strip_env_file(path, state));
    } else if layout.is_drop_in(path) {
        plan.steps.push(removal);
        plan.steps.extend(path.parent().map(|directory| Step::RemoveDirectory(directory.to_owned())));
    } else if path.parent() == Some(&layout.units()) || is_compat_script_path(layout, path) {
        let is_ours = is_compat_script(state) || state.text().is_some_and(|text| text.starts_with(GENERATED_HEADER));
        if is_ours {
            plan.steps.push(backup.map_or(removal, restore));
        } else {
            plan.notes.push(format!("{} was replaced by another file and stays", layout.display(path)));
        }
    } else if path.starts_with(layout.tools()) || path == layout.schema() {
        plan.steps.push(removal);
    } else {
        let is_ours = match state {
            PathState::Link(target) => {
                target.starts_with(layout.tools()) || Some(target) == manifest.run_directory.as_ref()
            }
            PathState::Missing | PathState::File { .. } | PathState::Other => false,
        };
        if is_ours {
            plan.steps.push(removal);
        } else {
            plan.notes.push(format!("{} was replaced by another file and stays", layout.display(path)));
        }
    }
}

/// Removes the generated variables from an env file, or the file if nothing else is in it.
fn strip_env_file(path: &Path, state: &PathState) -> Option<Step> {
    let PathState::File { text, mode } = state else { return None };
    match AgentEnvFile::parse(text).without_generated() {
        None => Some(Step::Remove(path.to_owned())),
        Some(rest) => {
            let rest = rest.to_string();
            let change = "generated variables removed".to_owned();
            (rest != *text).then(|| Step::Write { path: path.to_owned(), text: rest, mode: *mode, change })
        }
    }
}

fn changes_units(layout: &Layout, step: &Step) -> bool {
    match step {
        Step::Remove(path) | Step::RestoreBackup { path, .. } => path.starts_with(layout.units()),
        Step::Disable(_) => true,
        _ => false,
    }
}

/// The directories to remove if they are empty, inner ones first.
fn directories(layout: &Layout, manifest: &Manifest) -> Vec<PathBuf> {
    let tools = layout.tools();
    let known = [layout.agents(), layout.run(), layout.fleet(), tools.clone(), layout.mosaic_home().to_owned()];
    let above_tools = tools.parent().map(Path::to_path_buf);
    let runtime = layout.runtime_directory();
    let created = manifest.directories.iter().filter(|path| runtime.is_none_or(|top| !path.starts_with(top)));
    let all: BTreeSet<PathBuf> = known.into_iter().chain(above_tools).chain(created.cloned()).collect();
    // A directory sorts before its content.
    all.into_iter().rev().collect()
}

/// The existing files of one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentFiles {
    /// The env file.
    pub env_file: Option<PathBuf>,
    /// The generated drop-in of the agent's unit.
    pub drop_in: Option<PathBuf>,
    /// The agent's files in the run directory, the record that it was stopped, and the log of its ends.
    pub run_files: Vec<PathBuf>,
}

impl AgentFiles {
    /// Finds the files.
    #[must_use]
    pub fn find(layout: &Layout, run_directory: &Path, agent: &AgentName) -> Self {
        let existing = |path: PathBuf| path.symlink_metadata().is_ok().then_some(path);
        // The heartbeat is removed first, so that an interrupted removal leaves no orphaned heartbeat.
        let run_files = ["NAME.hb", ".NAME.hb.new", "NAME.state", ".NAME.state.new", ".NAME.lock"];
        let run_files = run_files.map(|pattern| run_directory.join(pattern.replace("NAME", agent.as_str())));
        Self {
            env_file: existing(layout.env_file(agent)),
            drop_in: existing(layout.drop_in(&UnitName::agent(agent))),
            run_files: run_files
                .into_iter()
                .chain([layout.stop_record(agent), layout.end_log(agent)])
                .filter_map(existing)
                .collect(),
        }
    }

    /// Whether the agent has no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The steps that remove the files. The agent must be stopped and disabled.
    ///
    /// # Errors
    /// The manifest cannot be read.
    pub fn removal(&self, layout: &Layout) -> Result<Vec<Step>, ProvisionError> {
        let files = self.run_files.iter().chain(&self.drop_in).chain(&self.env_file);
        let mut steps: Vec<Step> = files.map(|path| Step::Remove(path.clone())).collect();
        if let Some(drop_in) = &self.drop_in {
            steps.extend(drop_in.parent().map(|directory| Step::RemoveDirectory(directory.to_owned())));
            steps.push(Step::Reload);
        }
        if let Some(mut manifest) = Manifest::read(&layout.manifest())? {
            let before = manifest.paths.len();
            manifest.paths.retain(|path| Some(path) != self.env_file.as_ref() && Some(path) != self.drop_in.as_ref());
            steps.extend((manifest.paths.len() != before).then_some(Step::WriteManifest(manifest)));
        }
        Ok(steps)
    }
}
