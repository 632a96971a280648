//! From what is installed to steps: pure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mosaic_roster::AgentEnv;
use mosaic_systemd::UnitName;

use super::Seen;
use crate::tool_fronts::is_tool_front;
use crate::{Found, GENERATED, Layout, Manifest, Plan, RunFound, Step};

/// What to do, and in which order: agents end before the tmux server that they live in, nothing
/// starts again, and what says what is ours goes last, so that whoever was killed can go on.
#[must_use]
pub fn plan(layout: &Layout, seen: &Seen) -> Plan {
    let mut plan = Plan::default();
    let Some(manifest) = &seen.manifest else {
        plan.notes.push(format!(
            "nothing of `mosaic fleet install` is here: there is no {}",
            layout.shown(&layout.manifest())
        ));
        return plan;
    };
    match &seen.other_fleet {
        None => stop(layout, seen, &mut plan),
        Some(home) => plan.notes.push(format!(
            "the units are for another fleet's home by now ({home}): they stay, and so does what starts at boot"
        )),
    }
    let stays = |path: &Path| seen.other_fleet.is_some() && path.starts_with(layout.units());
    for path in manifest.paths.iter().filter(|path| !stays(path)) {
        let found = seen.entries.get(path).unwrap_or(&Found::Nothing);
        remove(layout, manifest, path, found, &mut plan);
    }
    match &seen.run {
        RunFound::Directory { running } if running.is_empty() => {
            plan.steps.push(Step::RemoveRunDirectory(layout.run()));
        }
        RunFound::Directory { running } => {
            let names: Vec<&str> = running.iter().map(mosaic_domain::AgentName::as_str).collect();
            plan.notes.push(format!("heartbeats of agents that run stay: {}", names.join(", ")));
        }
        RunFound::Nothing | RunFound::Link { .. } => {}
    }
    plan.steps.extend(manifest.run_directory.clone().map(Step::RemoveRunDirectory));
    // What needs room on the disk comes when there is some.
    plan.steps.sort_by_key(|step| matches!(step, Step::Write { .. }));
    if seen.has_manager && plan.steps.iter().any(|step| changes_units(layout, step)) {
        plan.steps.push(Step::Reload);
    }
    if manifest.linger && seen.other_fleet.is_none() {
        plan.steps.push(Step::Linger(false));
    }
    plan.steps.push(Step::Remove(layout.manifest()));
    plan.steps.extend(directories(layout, manifest).into_iter().map(Step::RemoveDirectory));
    plan
}

fn stop(layout: &Layout, seen: &Seen, plan: &mut Plan) {
    let (agents, others): (Vec<UnitName>, Vec<UnitName>) =
        seen.active.iter().cloned().partition(|unit| unit.agent_name().is_some());
    // Nothing is typed into panes while they are taken away. Whether it runs, nobody has to know for that.
    let is_installed = |unit: &UnitName| {
        let found = seen.entries.get(&layout.units().join(unit.as_str())).and_then(Found::text);
        seen.has_manager && found.is_some_and(|text| text.starts_with(GENERATED))
    };
    let outbox: Vec<UnitName> =
        [UnitName::outbox_timer(), UnitName::outbox()].into_iter().filter(is_installed).collect();
    // What is disabled first does not come back when somebody else starts the holder meanwhile.
    let timer = outbox.iter().filter(|unit| **unit == UnitName::outbox_timer());
    let enabled: BTreeSet<UnitName> = seen.enabled.iter().chain(timer).cloned().collect();
    if seen.has_manager && !enabled.is_empty() {
        plan.steps.push(Step::Disable(enabled.into_iter().collect()));
    }
    plan.steps.extend([outbox, agents, others].into_iter().filter(|units| !units.is_empty()).map(Step::Stop));
}

fn remove(layout: &Layout, manifest: &Manifest, path: &Path, found: &Found, plan: &mut Plan) {
    let gone = Step::Remove(path.to_owned());
    let kept = manifest.kept_aside.get(path);
    let put_back = |aside: &PathBuf| Step::PutBack { aside: aside.clone(), path: path.to_owned() };
    if *found == Found::Nothing {
        // An install that was killed had taken the site's own away, and not put ours there yet.
        plan.steps.extend(kept.map(put_back));
        return;
    }
    if path.parent() == Some(&layout.agents()) {
        plan.steps.extend(env_file(path, found));
    } else if layout.is_drop_in(path) {
        plan.steps.push(gone);
        plan.steps.extend(path.parent().map(|directory| Step::RemoveDirectory(directory.to_owned())));
    } else if path.parent() == Some(&layout.units()) || path.parent() == Some(&layout.tool_fronts()) {
        let is_ours = is_tool_front(found) || found.text().is_some_and(|text| text.starts_with(GENERATED));
        if is_ours {
            plan.steps.push(kept.map_or(gone, put_back));
        } else {
            plan.notes.push(format!("{} is not ours any more and stays", layout.shown(path)));
        }
    } else if path.starts_with(layout.tools()) || path == layout.schema() {
        plan.steps.push(gone);
    } else {
        let ours = match found {
            Found::Link(target) => {
                target.starts_with(layout.tools()) || Some(target) == manifest.run_directory.as_ref()
            }
            Found::Nothing | Found::File { .. } | Found::Other => false,
        };
        if ours {
            plan.steps.push(gone);
        } else {
            plan.notes.push(format!("{} is not ours any more and stays", layout.shown(path)));
        }
    }
}

/// What a site has put into an env file stays.
fn env_file(path: &Path, found: &Found) -> Option<Step> {
    let Found::File { text, mode } = found else { return None };
    match AgentEnv::parse(text).without_generated() {
        None => Some(Step::Remove(path.to_owned())),
        Some(rest) => {
            let rest = rest.to_string();
            let change = "without what was generated".to_owned();
            (rest != *text).then(|| Step::Write { path: path.to_owned(), text: rest, mode: *mode, change })
        }
    }
}

fn changes_units(layout: &Layout, step: &Step) -> bool {
    match step {
        Step::Remove(path) | Step::PutBack { path, .. } => path.starts_with(layout.units()),
        Step::Disable(_) => true,
        _ => false,
    }
}

/// The directories that go when they are empty, inner ones first.
fn directories(layout: &Layout, manifest: &Manifest) -> Vec<PathBuf> {
    let tools = layout.tools();
    let ours = [layout.agents(), layout.run(), layout.fleet(), tools.clone(), layout.mosaic_home().to_owned()];
    let above_tools = tools.parent().map(Path::to_path_buf);
    let runtime = layout.runtime_directory();
    let made = manifest.directories.iter().filter(|path| runtime.is_none_or(|top| !path.starts_with(top)));
    let all: BTreeSet<PathBuf> = ours.into_iter().chain(above_tools).chain(made.cloned()).collect();
    // A directory sorts before what is in it.
    all.into_iter().rev().collect()
}
