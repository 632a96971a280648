//! From what there should be and what is there to steps: pure.

use mosaic_systemd::UnitName;

use super::draft::Draft;
use super::exporter_change::ExporterChange;
use super::outbox_change::OutboxChange;
use super::{FileKind, Seen, Surroundings, Wanted};
use crate::unit_files::EXPORTER;
use crate::{Layout, Manifest, Plan, Step};

/// What to do, and in which order: what is about to be written is recorded first; what starts at
/// boot comes last, when all that it needs is there.
#[must_use]
pub fn plan(layout: &Layout, seen: &Seen, wanted: &Wanted, surroundings: &Surroundings) -> Plan {
    let before = seen.manifest.clone().unwrap_or_default();
    let mut draft = Draft { layout, seen, steps: Vec::new(), notes: wanted.notes.clone(), manifest: before.clone() };
    for directory in &seen.littered {
        draft.steps.push(Step::RemoveDrafts(directory.clone()));
    }
    for path in &seen.open_directories {
        draft.steps.push(Step::Protect { path: path.clone(), mode: 0o700 });
    }
    let mut exporter = ExporterChange::of(layout, seen, surroundings);
    for (from, to) in &wanted.programs {
        draft.own(to);
        if !seen.current_programs.contains(to) {
            exporter.service |= to.ends_with(EXPORTER);
            draft.write(to, Step::Copy { from: from.clone(), to: to.clone() });
        }
    }
    for (path, target) in &wanted.links {
        draft.link(path, target);
    }
    draft.run(wanted.run_target.as_deref());
    let mut units_changed = before.reload_pending;
    let holder = layout.drop_in(&UnitName::holder());
    let mut holder_changed = wanted.gone.contains(&holder);
    for file in &wanted.files {
        let changed = draft.file(file);
        units_changed |= changed && matches!(file.kind, FileKind::Unit(_) | FileKind::DropIn);
        holder_changed |= changed && file.path == holder;
        exporter.note(changed, file);
    }
    if holder_changed && seen.manifest.is_some() {
        draft.notes.push(
            "the fleet's tmux server has another socket or session from now on: if it runs, run `mosaic fleet stop` \
             and then `mosaic fleet start`"
                .to_owned(),
        );
    }
    for path in &wanted.gone {
        draft.steps.push(Step::Remove(path.clone()));
        draft.steps.extend(path.parent().map(|directory| Step::RemoveDirectory(directory.to_owned())));
        units_changed = true;
    }
    for sidecar in &seen.old_sidecars {
        let who = sidecar.pid.map_or_else(String::new, |pid| format!(" (PID {pid})"));
        draft.notes.push(format!(
            "the bash launcher's sidecar of {} still writes its heartbeat{who}: end that process",
            sidecar.agent
        ));
    }
    let outbox = OutboxChange::of(layout, seen, surroundings);
    draft.start_at_boot(wanted, surroundings, units_changed, exporter, outbox);

    let Draft { mut steps, notes, mut manifest, .. } = draft;
    manifest.reload_pending = steps.contains(&Step::Reload);
    if seen.manifest.as_ref() != Some(&manifest) && !(steps.is_empty() && manifest == before) {
        let at = steps.iter().take_while(|step| matches!(step, Step::RemoveDrafts(_) | Step::Protect { .. })).count();
        steps.insert(at, Step::Record(manifest.clone()));
        if !seen.directories.contains(&layout.fleet()) {
            steps.insert(at, Step::MakeDirectory { path: layout.fleet(), mode: 0o700 });
        }
    }
    let has_manager = surroundings.no_manager.is_none();
    let settled = Manifest {
        reload_pending: false,
        // Not before it is: an install that is killed has to be gone on with.
        exporter: manifest.exporter || (wanted.exporter && has_manager && exporter.switched_off.is_none()),
        outbox: manifest.outbox || (wanted.outbox && has_manager && outbox.switched_off.is_none()),
        paths: manifest.paths.iter().filter(|path| !wanted.gone.contains(path)).cloned().collect(),
        ..manifest.clone()
    };
    if settled != manifest {
        // Lingering may be refused, and then the last record is corrected.
        let last = steps.iter().rposition(|step| !matches!(step, Step::Linger(_))).map_or(0, |last| last + 1);
        steps.insert(last, Step::Record(settled));
    }
    Plan { steps, notes }
}

#[cfg(test)]
mod tests;
