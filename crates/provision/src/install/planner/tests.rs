use super::plan;
use crate::install::{DesiredState, FileKind, GeneratedFile, HostFacts, Observed};
use crate::layout::tests::layout;
use crate::{Layout, Manifest, PathState, Plan, RunDirectoryState, Step};
use mosaic_systemd::{Linger, UnitName};
use std::path::PathBuf;

fn up_to_date() -> (Layout, Observed, DesiredState, HostFacts) {
    let layout = layout(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")]);
    let existing = [layout.agents(), layout.units()];
    let observed = Observed {
        directories: existing.iter().flat_map(|path| path.ancestors()).map(PathBuf::from).collect(),
        manifest: Some(Manifest { exporter: true, outbox: true, ..Manifest::default() }),
        ..Observed::default()
    };
    let host = HostFacts {
        programs: PathBuf::from("/programs"),
        search_path: None,
        no_manager: None,
        enabled: [
            UnitName::holder(),
            UnitName::exporter_socket(),
            UnitName::outbox_timer(),
            "mosaic-agent@a.service".parse().unwrap(),
        ]
        .into(),
        exporter: [UnitName::exporter(), UnitName::exporter_socket()].into(),
        linger: Linger::On,
    };
    let units = host.enabled.iter().cloned().collect();
    (
        layout,
        observed,
        DesiredState { units, linger: true, exporter: true, outbox: true, ..DesiredState::default() },
        host,
    )
}

fn verbs(plan: &Plan, layout: &Layout) -> Vec<String> {
    plan.steps.iter().map(|step| step.line(layout).split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn an_up_to_date_installation_needs_no_step() {
    let (layout, observed, desired, host) = up_to_date();
    assert_eq!(plan(&layout, &observed, &desired, &host), Plan::default());
}

#[test]
fn the_manager_reloads_only_when_a_unit_has_changed() {
    let (layout, observed, desired, host) = up_to_date();
    let file = |kind, path: PathBuf| GeneratedFile { path, text: String::new(), kind, change: None };
    let table = [
        (file(FileKind::Env, layout.env_file(&"a".parse().unwrap())), vec!["record", "write"]),
        (file(FileKind::DropIn, layout.units().join("x.conf")), vec!["record", "write", "reload", "record"]),
        (file(FileKind::Unit(""), layout.units().join("x.service")), vec!["record", "write", "reload", "record"]),
    ];
    for (file, expected) in table {
        let desired = DesiredState { files: vec![file], ..desired.clone() };
        assert_eq!(verbs(&plan(&layout, &observed, &desired, &host), &layout), expected, "{:?}", desired.files);
    }
    // An earlier install was interrupted before the reload.
    let pending = Manifest { reload_pending: true, exporter: true, outbox: true, ..Manifest::default() };
    let observed = Observed { manifest: Some(pending), ..observed };
    assert_eq!(verbs(&plan(&layout, &observed, &desired, &host), &layout), ["reload", "record"]);
}

#[test]
fn a_changed_socket_is_noted_for_a_running_server() {
    let (layout, observed, desired, host) = up_to_date();
    let path = layout.drop_in(&UnitName::holder());
    let file = GeneratedFile { path: path.clone(), text: String::new(), kind: FileKind::DropIn, change: None };
    let (written, obsolete) =
        (DesiredState { files: vec![file], ..desired.clone() }, DesiredState { obsolete: vec![path], ..desired });
    let is_noted = |observed: &Observed, desired: &DesiredState| {
        plan(&layout, observed, desired, &host).notes.iter().any(|note| note.contains("has changed"))
    };
    assert!(is_noted(&observed, &written) && is_noted(&observed, &obsolete));
    let first = Observed { manifest: None, ..observed };
    assert!(!is_noted(&first, &written));
}

#[test]
fn only_disabled_units_are_enabled() {
    let (layout, observed, desired, mut host) = up_to_date();
    host.enabled.remove(&UnitName::holder());
    let steps = plan(&layout, &observed, &desired, &host).steps;
    assert_eq!(steps[1..3], [Step::Enable(vec![UnitName::holder()]), Step::Reload]);
    host.no_manager = Some("a container".to_owned());
    let without = plan(&layout, &observed, &desired, &host);
    assert_eq!(without.steps, []);
    assert!(without.notes[0].contains("a container"), "{:?}", without.notes);
}

#[test]
fn the_socket_listens_and_a_changed_exporter_is_restarted() {
    let (layout, observed, desired, host) = up_to_date();
    let (service, socket) = (UnitName::exporter(), UnitName::exporter_socket());
    let (start, stop) =
        (Step::Start(vec![socket.clone()]), |units: &[&UnitName]| Step::Stop(units.iter().copied().cloned().collect()));
    let unit = |name: &UnitName| GeneratedFile {
        path: layout.units().join(name.as_str()),
        text: String::new(),
        kind: FileKind::Unit(""),
        change: None,
    };
    let program = (PathBuf::from("/new"), layout.tools().join("mosaic-fleet-exporter"));
    let (new_program, new_service, new_socket) = (
        DesiredState { programs: vec![program], ..desired.clone() },
        DesiredState { files: vec![unit(&service)], ..desired.clone() },
        DesiredState { files: vec![unit(&socket)], ..desired.clone() },
    );
    let both = [service.clone(), socket.clone()];
    let table: [(&DesiredState, &[UnitName], Vec<Step>); 10] = [
        (&desired, &both, vec![]),
        // The first scrape starts the service.
        (&desired, &both[1..], vec![]),
        (&desired, &[], vec![start.clone()]),
        (&new_program, &both, vec![stop(&[&service])]),
        // A request may have started the service since.
        (&new_program, &both[1..], vec![stop(&[&service])]),
        (&new_program, &both[..1], vec![stop(&[&service]), start.clone()]),
        (&new_program, &[], vec![start.clone()]),
        (&new_service, &both, vec![stop(&[&service])]),
        (&new_socket, &both, vec![stop(&[&service, &socket]), start.clone()]),
        (&new_socket, &both[1..], vec![stop(&[&service, &socket]), start]),
    ];
    for (desired, running, expected) in table {
        let host = HostFacts { exporter: running.iter().cloned().collect(), ..host.clone() };
        let steps = plan(&layout, &observed, desired, &host).steps;
        let relevant = steps.into_iter().filter(|step| matches!(step, Step::Start(_) | Step::Stop(_)));
        assert_eq!(relevant.collect::<Vec<_>>(), expected, "{desired:?} {running:?}");
    }
    let other = DesiredState { exporter: false, ..new_socket };
    let steps = plan(&layout, &observed, &other, &host).steps;
    assert!(
        !steps.iter().any(|step| matches!(step, Step::Stop(_))),
        "adding an agent does not restart the exporter: {steps:?}"
    );
}

#[test]
fn an_exporter_that_the_user_disabled_stays_disabled() {
    let (layout, observed, desired, host) = up_to_date();
    let (service, socket) = (UnitName::exporter(), UnitName::exporter_socket());
    let path = layout.units().join(socket.as_str());
    let program = (PathBuf::from("/new"), layout.tools().join("mosaic-fleet-exporter"));
    let unit = GeneratedFile { path: path.clone(), text: String::new(), kind: FileKind::Unit(""), change: None };
    let desired = DesiredState { files: vec![unit], programs: vec![program], units: vec![socket.clone()], ..desired };
    let (enable, start) = (Step::Enable(vec![socket.clone()]), Step::Start(vec![socket.clone()]));
    let stop = Step::Stop(vec![service.clone(), socket.clone()]);
    let (mask, ours) = (PathState::Link("/dev/null".into()), PathState::Missing);
    let (off, listens): (&[UnitName], &[UnitName]) = (&[], std::slice::from_ref(&socket));
    // Whether an install enabled it, the state of its unit file, the active units; the expected steps and note.
    let table = [
        (false, &ours, off, vec![enable, start.clone()], ""),
        (
            true,
            &ours,
            off,
            vec![],
            "to serve metrics again, run `systemctl --user enable --now mosaic-fleet-exporter.socket`",
        ),
        // It listens until the next boot, and must apply the new address.
        (true, &ours, listens, vec![stop, start], "to serve metrics again"),
        (true, &mask, off, vec![], "is a link to /dev/null and stays"),
        (false, &mask, off, vec![], "is a link to /dev/null and stays"),
        (true, &mask, listens, vec![Step::Stop(vec![service])], "is a link to /dev/null and stays"),
    ];
    for (exporter, found, running, expected, note) in table {
        let observed = Observed {
            paths: [(path.clone(), found.clone())].into(),
            manifest: Some(Manifest { exporter, outbox: true, ..Manifest::default() }),
            ..observed.clone()
        };
        let host = HostFacts {
            enabled: [UnitName::outbox_timer()].into(),
            exporter: running.iter().cloned().collect(),
            ..host.clone()
        };
        let Plan { steps, notes, .. } = plan(&layout, &observed, &desired, &host);
        let recorded = steps.iter().rev().find_map(|step| match step {
            Step::WriteManifest(manifest) => Some(manifest.exporter),
            _ => None,
        });
        assert_eq!(recorded, Some(exporter || expected.len() == 2), "{exporter} {found:?} {running:?}");
        let relevant =
            steps.into_iter().filter(|step| matches!(step, Step::Enable(_) | Step::Start(_) | Step::Stop(_)));
        assert_eq!(relevant.collect::<Vec<_>>(), expected, "{exporter} {found:?} {running:?}");
        assert!(notes.len() <= 1 && notes.concat().contains(note), "{notes:?}");
    }
}

#[test]
fn the_outbox_timer_is_started_once_and_stays_disabled_by_the_user() {
    let (layout, observed, desired, host) = up_to_date();
    let timer = UnitName::outbox_timer();
    let path = layout.units().join(timer.as_str());
    let unit = GeneratedFile { path: path.clone(), text: String::new(), kind: FileKind::Unit(""), change: None };
    let desired = DesiredState { files: vec![unit], units: vec![timer.clone()], exporter: false, ..desired };
    let (enable, start) = (Step::Enable(vec![timer.clone()]), Step::Start(vec![timer.clone()]));
    let (mask, ours) = (PathState::Link("/dev/null".into()), PathState::Missing);
    // Whether an install started it, whether it is enabled, the state of its unit file; the expected steps and note.
    let table = [
        (false, false, &ours, vec![enable, start.clone()], ""),
        // Interrupted between enabling and starting.
        (false, true, &ours, vec![start], ""),
        (true, true, &ours, vec![], ""),
        (true, false, &ours, vec![], "run `systemctl --user enable --now mosaic-fleet-outbox.timer`"),
        (true, false, &mask, vec![], "is a link to /dev/null and stays"),
        (false, false, &mask, vec![], "is a link to /dev/null and stays"),
    ];
    for (outbox, enabled, found, expected, note) in table {
        let observed = Observed {
            paths: [(path.clone(), found.clone())].into(),
            manifest: Some(Manifest { exporter: true, outbox, ..Manifest::default() }),
            ..observed.clone()
        };
        let enabled = enabled.then(|| timer.clone()).into_iter().collect();
        let host = HostFacts { enabled, ..host.clone() };
        let Plan { steps, notes, .. } = plan(&layout, &observed, &desired, &host);
        let relevant = steps.iter().filter(|step| matches!(step, Step::Enable(_) | Step::Start(_) | Step::Stop(_)));
        assert_eq!(relevant.cloned().collect::<Vec<_>>(), expected, "{outbox} {found:?}");
        assert!(notes.len() <= 1 && notes.concat().contains(note), "{notes:?}");
        let recorded = steps.iter().rev().find_map(|step| match step {
            Step::WriteManifest(manifest) => Some(manifest.outbox),
            _ => None,
        });
        // The manifest is written only if something changes.
        assert_eq!(recorded.unwrap_or(outbox), outbox || *found == ours, "{outbox} {found:?}");
    }
}

#[test]
fn the_exporter_is_recorded_as_enabled_only_after_it_was_enabled() {
    let (layout, observed, desired, mut host) = up_to_date();
    host.enabled = [].into();
    let first = Observed { manifest: None, ..observed };
    let recorded = |host: &HostFacts| {
        let steps = plan(&layout, &first, &desired, host).steps;
        let records = steps.into_iter().filter_map(|step| match step {
            Step::WriteManifest(manifest) => Some(manifest.exporter),
            _ => None,
        });
        records.collect::<Vec<_>>()
    };
    // The first manifest is written before any other step.
    assert_eq!(recorded(&host), [false, true]);
    host.no_manager = Some("a container".to_owned());
    assert!(!recorded(&host).contains(&true));
}

#[test]
fn lingering_is_recorded_only_if_the_install_enables_it() {
    let (layout, observed, desired, mut host) = up_to_date();
    host.linger = Linger::Off;
    let steps = plan(&layout, &observed, &desired, &host).steps;
    let recorded = Manifest { linger: true, exporter: true, outbox: true, ..Manifest::default() };
    assert_eq!(steps, [Step::WriteManifest(recorded), Step::SetLinger(true)]);
}

#[test]
fn the_run_directory_moves_to_memory_when_no_agent_runs() {
    let (layout, observed, mut desired, host) = up_to_date();
    let target = layout.run_target().unwrap();
    desired.run_target = Some(target.clone());
    let verbs_of = |run: RunDirectoryState| {
        let observed = Observed { run, ..observed.clone() };
        let plan = plan(&layout, &observed, &desired, &host);
        (verbs(&plan, &layout), plan.notes.len())
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let link = |target_exists| RunDirectoryState::Link { target: target.clone(), target_exists };
    let elsewhere = RunDirectoryState::Link { target: PathBuf::from("/elsewhere"), target_exists: true };
    let running = RunDirectoryState::Directory { running: vec!["a".parse().unwrap()] };
    let table = [
        (RunDirectoryState::Missing, words(&["record", "create", "link"]), 0),
        (link(true), words(&["record"]), 0),
        (link(false), words(&["record", "create"]), 0),
        (elsewhere, words(&[]), 1),
        (RunDirectoryState::Directory { running: Vec::new() }, words(&["record", "move"]), 0),
        (running, words(&[]), 1),
    ];
    for (run, expected, notes) in table {
        assert_eq!(verbs_of(run.clone()), (expected, notes), "{run:?}");
    }
}

#[test]
fn a_unit_that_is_a_link_stays_and_is_noted() {
    let (layout, mut observed, mut desired, host) = up_to_date();
    let path = layout.units().join("x.service");
    observed.paths.insert(path.clone(), PathState::Link("/dev/null".into()));
    desired.files.push(GeneratedFile { path, text: String::new(), kind: FileKind::Unit(""), change: None });
    let plan = plan(&layout, &observed, &desired, &host);
    assert_eq!(plan.steps, []);
    assert!(plan.notes[0].contains("/dev/null"), "{:?}", plan.notes);
}
