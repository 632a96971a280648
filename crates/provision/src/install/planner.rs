//! Computes the plan of an install.

use std::path::{Path, PathBuf};

use mosaic_systemd::UnitName;

use super::services::{ExporterChange, OutboxChange};
use super::{DesiredState, FileKind, GeneratedFile, HostFacts, Observed};
use crate::shipped_files::{EXPORTER, home_of, is_compat_script};
use crate::{GENERATED_HEADER, Layout, Manifest, PathState, Plan, RunDirectoryState, Step};

/// Plans the steps from the present state to the desired one.
///
/// The manifest is written first, so that it lists every path before the path is written. Units are enabled last, when
/// all files exist.
#[must_use]
pub fn plan(layout: &Layout, observed: &Observed, desired: &DesiredState, host: &HostFacts) -> Plan {
    let before = observed.manifest.clone().unwrap_or_default();
    let mut planner = Planner {
        layout,
        observed,
        steps: Vec::new(),
        notes: desired.notes.clone(),
        obstructed: Vec::new(),
        manifest: before.clone(),
    };
    for directory in &observed.with_temporary_files {
        planner.steps.push(Step::RemoveTemporaryFiles(directory.clone()));
    }
    for path in &observed.open_directories {
        planner.steps.push(Step::SetMode { path: path.clone(), mode: 0o700 });
    }
    let mut exporter = ExporterChange::new(layout, observed, host);
    for (from, to) in &desired.programs {
        planner.record_path(to);
        if !observed.current_programs.contains(to) {
            exporter.service |= to.ends_with(EXPORTER);
            planner.plan_write(to, Step::Copy { from: from.clone(), to: to.clone() });
        }
    }
    for (path, target) in &desired.links {
        planner.plan_link(path, target);
    }
    planner.plan_run_directory(desired.run_target.as_deref());
    let mut units_changed = before.reload_pending;
    let holder = layout.drop_in(&UnitName::holder());
    let mut holder_changed = desired.obsolete.contains(&holder);
    for file in &desired.files {
        let changed = planner.plan_file(file);
        units_changed |= changed && matches!(file.kind, FileKind::Unit(_) | FileKind::DropIn);
        holder_changed |= changed && file.path == holder;
        exporter.note(changed, file);
    }
    if holder_changed && observed.manifest.is_some() {
        planner.notes.push(
            "the socket or the holder session of the fleet's tmux server has changed: if the fleet is running, \
             run `mosaic fleet stop` and then `mosaic fleet start`"
                .to_owned(),
        );
    }
    for path in &desired.obsolete {
        planner.steps.push(Step::Remove(path.clone()));
        planner.steps.extend(path.parent().map(|directory| Step::RemoveDirectory(directory.to_owned())));
        units_changed = true;
    }
    for sidecar in &observed.legacy_sidecars {
        let pid = sidecar.pid.map_or_else(String::new, |pid| format!(" (PID {pid})"));
        planner.notes.push(format!(
            "a sidecar of the bash launcher{pid} still writes the heartbeat of {}: end that process",
            sidecar.agent
        ));
    }
    let outbox = OutboxChange::new(layout, observed, host);
    planner.plan_services(desired, host, units_changed, exporter, outbox);

    let Planner { mut steps, notes, obstructed, mut manifest, .. } = planner;
    manifest.reload_pending = steps.contains(&Step::Reload);
    if observed.manifest.as_ref() != Some(&manifest) && !(steps.is_empty() && manifest == before) {
        let at = steps
            .iter()
            .take_while(|step| matches!(step, Step::RemoveTemporaryFiles(_) | Step::SetMode { .. }))
            .count();
        steps.insert(at, Step::WriteManifest(manifest.clone()));
        if !observed.directories.contains(&layout.fleet()) {
            steps.insert(at, Step::CreateDirectory { path: layout.fleet(), mode: 0o700 });
        }
    }
    let has_manager = host.no_manager.is_none();
    let settled = Manifest {
        reload_pending: false,
        // Recorded only at the end, so that an interrupted install is resumed.
        exporter: manifest.exporter || (desired.exporter && has_manager && exporter.disabled_by_user.is_none()),
        outbox: manifest.outbox || (desired.outbox && has_manager && outbox.disabled_by_user.is_none()),
        paths: manifest.paths.iter().filter(|path| !desired.obsolete.contains(path)).cloned().collect(),
        ..manifest.clone()
    };
    if settled != manifest {
        // It comes before lingering, which may be refused: the executor then corrects the manifest.
        let last = steps.iter().rposition(|step| !matches!(step, Step::SetLinger(_))).map_or(0, |last| last + 1);
        steps.insert(last, Step::WriteManifest(settled));
    }
    Plan { steps, notes, obstructed }
}

/// Collects the steps and the manifest of a plan.
pub(super) struct Planner<'a> {
    layout: &'a Layout,
    observed: &'a Observed,
    pub(super) steps: Vec<Step>,
    pub(super) notes: Vec<String>,
    obstructed: Vec<PathBuf>,
    pub(super) manifest: Manifest,
}

impl Planner<'_> {
    fn state(&self, path: &Path) -> &PathState {
        self.observed.paths.get(path).unwrap_or(&PathState::Missing)
    }

    /// Records a path in the manifest, for the uninstall.
    fn record_path(&mut self, path: &Path) {
        self.manifest.paths.insert(path.to_owned());
    }

    /// Adds a step that writes a path, after the steps that create its directories.
    fn plan_write(&mut self, path: &Path, step: Step) {
        self.record_path(path);
        if let Some(directory) = path.parent() {
            let private = directory.starts_with(self.layout.fleet());
            self.plan_directory(directory, if private { 0o700 } else { 0o755 });
        }
        self.steps.push(step);
    }

    fn plan_directory(&mut self, path: &Path, mode: u32) {
        let missing: Vec<PathBuf> = path
            .ancestors()
            .filter(|directory| !self.observed.directories.contains(*directory))
            .map(Path::to_path_buf)
            .collect();
        let step = Step::CreateDirectory { path: path.to_owned(), mode };
        if !missing.is_empty() && !self.steps.contains(&step) {
            self.manifest.directories.extend(missing);
            self.steps.push(step);
        }
    }

    fn plan_link(&mut self, path: &Path, target: &Path) {
        let displayed = self.layout.display(path);
        let is_ours = self.manifest.paths.contains(path);
        match self.state(path) {
            PathState::Link(current) if current == target => self.record_path(path),
            PathState::Link(_) if is_ours => {
                self.plan_write(path, Step::Link { path: path.to_owned(), target: target.to_owned() });
            }
            PathState::Missing => match &self.observed.other_mosaic {
                Some(other) if path.ends_with("mosaic") => self.notes.push(format!(
                    "{displayed} is not created, because another program named mosaic exists, {}: \
                     use mosaic-fleet and mosaic-agent",
                    self.layout.display(other)
                )),
                _ => self.plan_write(path, Step::Link { path: path.to_owned(), target: target.to_owned() }),
            },
            _ => {
                let program = self.layout.display(target);
                self.notes.push(format!("{displayed} is another file and stays: the program is {program}"));
            }
        }
    }

    fn plan_run_directory(&mut self, target: Option<&Path>) {
        let Some(target) = target else { return };
        let run = self.layout.run();
        let link = Step::Link { path: run.clone(), target: target.to_owned() };
        match &self.observed.run {
            RunDirectoryState::Missing => {
                self.plan_runtime_directory(target);
                self.plan_write(&run, link);
            }
            RunDirectoryState::Link { target: current, target_exists } if current == target => {
                self.record_path(&run);
                if !target_exists {
                    self.plan_runtime_directory(target);
                }
            }
            RunDirectoryState::Link { target: current, .. } => self.notes.push(format!(
                "the run directory is a link to {} and stays: to replace it, remove {} while no agent runs and run this \
                 command again",
                current.display(),
                self.layout.display(&run)
            )),
            RunDirectoryState::Directory { running } if running.is_empty() => {
                self.record_path(&run);
                self.steps.push(Step::MoveRunDirectory { target: target.to_owned() });
            }
            RunDirectoryState::Directory { running } => {
                let names: Vec<&str> = running.iter().map(mosaic_domain::AgentName::as_str).collect();
                self.notes.push(format!(
                    "the run directory {} is in use ({}) and stays on disk: to move it to memory, stop these agents and \
                     run this command again",
                    self.layout.display(&run),
                    names.join(", ")
                ));
                return;
            }
        }
        if matches!(&self.observed.run, RunDirectoryState::Link { target: current, .. } if current != target) {
            return;
        }
        self.manifest.run_directory = Some(target.to_owned());
        if matches!(&self.observed.old_run, RunDirectoryState::Directory { running } if running.is_empty())
            && matches!(self.observed.run, RunDirectoryState::Link { .. })
        {
            self.steps.push(Step::FinishRunDirectoryMove { target: target.to_owned() });
        }
    }

    /// Plans a directory in `$XDG_RUNTIME_DIR`. It is not recorded in the manifest, because it does not survive a
    /// reboot.
    fn plan_runtime_directory(&mut self, path: &Path) {
        self.steps.push(Step::CreateDirectory { path: path.to_owned(), mode: 0o700 });
    }

    /// Plans a text file, and returns whether it will change.
    fn plan_file(&mut self, file: &GeneratedFile) -> bool {
        let path = &file.path;
        let mode = file.kind.mode();
        let observed = self.observed;
        let change = match (observed.paths.get(path).unwrap_or(&PathState::Missing), file.kind) {
            (PathState::Missing, _) => "new".to_owned(),
            (PathState::File { text, mode: current }, FileKind::Env) if *text == file.text => {
                self.record_path(path);
                if current & 0o077 != 0 {
                    self.steps.push(Step::SetMode { path: path.clone(), mode });
                }
                return false;
            }
            (PathState::File { text, mode: current }, kind)
                if *text == file.text && (kind != FileKind::CompatScript || current & 0o100 != 0) =>
            {
                self.record_path(path);
                return false;
            }
            (PathState::File { text, .. }, FileKind::Unit(shipped)) if !is_our_unit(text, shipped) => {
                self.back_up(path)
            }
            (state @ PathState::File { .. }, FileKind::CompatScript) if !is_compat_script(state) => self.back_up(path),
            (PathState::Link(_), FileKind::CompatScript) => {
                let change = self.back_up(path);
                // Writing through the link would change its target, which belongs to the site.
                self.steps.push(Step::Remove(path.clone()));
                change
            }
            (PathState::File { text, .. }, FileKind::Unit(_)) => {
                self.note_other_home(path, text, &file.text);
                "changed".to_owned()
            }
            (PathState::File { .. }, _) => file.change.clone().unwrap_or_else(|| "changed".to_owned()),
            (PathState::Link(target), _) => {
                self.notes.push(format!(
                    "{} is a link to {} and stays: remove it and run this command again, or update its target by hand",
                    self.layout.display(path),
                    target.display()
                ));
                return false;
            }
            (PathState::Other, _) => {
                if file.kind == FileKind::Env {
                    self.obstructed.push(path.clone());
                }
                self.notes.push(format!(
                    "{} is not a regular file and stays: move it and run this command again",
                    self.layout.display(path)
                ));
                return false;
            }
        };
        self.plan_write(path, Step::Write { path: path.clone(), text: file.text.clone(), mode, change });
        true
    }

    /// Backs up the file of the site, which an uninstall restores, and returns the description of the change.
    fn back_up(&mut self, path: &Path) -> String {
        let backup = self.observed.backups.get(path).cloned().unwrap_or_else(|| path.with_extension("kept"));
        let change = format!("replaces another file, which is kept as {}", self.layout.display(&backup));
        self.manifest.kept_aside.insert(path.to_owned(), backup.clone());
        self.steps.push(Step::BackUp { path: path.to_owned(), backup });
        change
    }

    fn note_other_home(&mut self, path: &Path, current: &str, desired: &str) {
        if home_of(current) != home_of(desired) {
            self.notes.push(format!(
                "{} belonged to another fleet ({}) and belongs to this one now: a user has only one set of units",
                self.layout.display(path),
                home_of(current).unwrap_or("the default home")
            ));
        }
    }
}

/// Whether this unit was written by an install, or is an unchanged copy of the shipped one.
fn is_our_unit(text: &str, shipped: &str) -> bool {
    text.starts_with(GENERATED_HEADER) || text == shipped
}

#[cfg(test)]
mod tests;
