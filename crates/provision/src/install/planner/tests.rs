use super::plan;
use crate::install::{FileKind, Seen, Surroundings, Wanted, WantedFile};
use crate::layout::tests::layout;
use crate::{Found, Layout, Manifest, Plan, RunFound, Step};
use mosaic_systemd::{Linger, UnitName};
use std::path::PathBuf;

fn usual() -> (Layout, Seen, Wanted, Surroundings) {
    let layout = layout(&[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")]);
    let there = [layout.agents(), layout.units()];
    let seen = Seen {
        directories: there.iter().flat_map(|path| path.ancestors()).map(PathBuf::from).collect(),
        manifest: Some(Manifest { exporter: true, outbox: true, ..Manifest::default() }),
        ..Seen::default()
    };
    let surroundings = Surroundings {
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
    let units = surroundings.enabled.iter().cloned().collect();
    (layout, seen, Wanted { units, linger: true, exporter: true, outbox: true, ..Wanted::default() }, surroundings)
}

fn verbs(plan: &Plan, layout: &Layout) -> Vec<String> {
    plan.steps.iter().map(|step| step.line(layout).split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn what_is_as_it_should_be_needs_no_step() {
    let (layout, seen, wanted, surroundings) = usual();
    assert_eq!(plan(&layout, &seen, &wanted, &surroundings), Plan::default());
}

#[test]
fn the_manager_reads_its_units_again_only_when_one_has_changed() {
    let (layout, seen, wanted, surroundings) = usual();
    let file = |kind, path: PathBuf| WantedFile { path, text: String::new(), kind, change: None };
    let table = [
        (file(FileKind::Env, layout.env_file(&"a".parse().unwrap())), vec!["record", "write"]),
        (file(FileKind::DropIn, layout.units().join("x.conf")), vec!["record", "write", "reload", "record"]),
        (file(FileKind::Unit(""), layout.units().join("x.service")), vec!["record", "write", "reload", "record"]),
    ];
    for (file, expected) in table {
        let wanted = Wanted { files: vec![file], ..wanted.clone() };
        assert_eq!(verbs(&plan(&layout, &seen, &wanted, &surroundings), &layout), expected, "{:?}", wanted.files);
    }
    // Somebody was killed before he told it.
    let told = Manifest { reload_pending: true, exporter: true, outbox: true, ..Manifest::default() };
    let seen = Seen { manifest: Some(told), ..seen };
    assert_eq!(verbs(&plan(&layout, &seen, &wanted, &surroundings), &layout), ["reload", "record"]);
}

#[test]
fn a_server_that_may_run_on_the_old_socket_is_told() {
    let (layout, seen, wanted, surroundings) = usual();
    let path = layout.drop_in(&UnitName::holder());
    let file = WantedFile { path: path.clone(), text: String::new(), kind: FileKind::DropIn, change: None };
    let (written, gone) = (Wanted { files: vec![file], ..wanted.clone() }, Wanted { gone: vec![path], ..wanted });
    let told = |seen: &Seen, wanted: &Wanted| {
        plan(&layout, seen, wanted, &surroundings).notes.iter().any(|note| note.contains("another socket"))
    };
    assert!(told(&seen, &written) && told(&seen, &gone));
    let first = Seen { manifest: None, ..seen };
    assert!(!told(&first, &written));
}

#[test]
fn what_does_not_start_at_boot_is_enabled_and_nothing_else() {
    let (layout, seen, wanted, mut surroundings) = usual();
    surroundings.enabled.remove(&UnitName::holder());
    let steps = plan(&layout, &seen, &wanted, &surroundings).steps;
    assert_eq!(steps[1..3], [Step::Enable(vec![UnitName::holder()]), Step::Reload]);
    surroundings.no_manager = Some("a container".to_owned());
    let without = plan(&layout, &seen, &wanted, &surroundings);
    assert_eq!(without.steps, []);
    assert!(without.notes[0].contains("a container"), "{:?}", without.notes);
}

#[test]
fn the_exporter_can_be_asked_afterwards_and_what_answers_is_new() {
    let (layout, seen, wanted, surroundings) = usual();
    let (service, socket) = (UnitName::exporter(), UnitName::exporter_socket());
    let (start, stop) =
        (Step::Start(vec![socket.clone()]), |units: &[&UnitName]| Step::Stop(units.iter().copied().cloned().collect()));
    let unit = |name: &UnitName| WantedFile {
        path: layout.units().join(name.as_str()),
        text: String::new(),
        kind: FileKind::Unit(""),
        change: None,
    };
    let program = (PathBuf::from("/new"), layout.tools().join("mosaic-fleet-exporter"));
    let (new_program, new_service, new_socket) = (
        Wanted { programs: vec![program], ..wanted.clone() },
        Wanted { files: vec![unit(&service)], ..wanted.clone() },
        Wanted { files: vec![unit(&socket)], ..wanted.clone() },
    );
    let both = [service.clone(), socket.clone()];
    let table: [(&Wanted, &[UnitName], Vec<Step>); 10] = [
        (&wanted, &both, vec![]),
        // The first scrape starts it.
        (&wanted, &both[1..], vec![]),
        (&wanted, &[], vec![start.clone()]),
        (&new_program, &both, vec![stop(&[&service])]),
        // It may have been started since.
        (&new_program, &both[1..], vec![stop(&[&service])]),
        (&new_program, &both[..1], vec![stop(&[&service]), start.clone()]),
        (&new_program, &[], vec![start.clone()]),
        (&new_service, &both, vec![stop(&[&service])]),
        (&new_socket, &both, vec![stop(&[&service, &socket]), start.clone()]),
        (&new_socket, &both[1..], vec![stop(&[&service, &socket]), start]),
    ];
    for (wanted, running, expected) in table {
        let surroundings = Surroundings { exporter: running.iter().cloned().collect(), ..surroundings.clone() };
        let steps = plan(&layout, &seen, wanted, &surroundings).steps;
        let of_it = steps.into_iter().filter(|step| matches!(step, Step::Start(_) | Step::Stop(_)));
        assert_eq!(of_it.collect::<Vec<_>>(), expected, "{wanted:?} {running:?}");
    }
    let other = Wanted { exporter: false, ..new_socket };
    let steps = plan(&layout, &seen, &other, &surroundings).steps;
    assert!(!steps.iter().any(|step| matches!(step, Step::Stop(_))), "an agent that is added is no reason: {steps:?}");
}

#[test]
fn an_exporter_that_somebody_switched_off_stays_so() {
    let (layout, seen, wanted, surroundings) = usual();
    let (service, socket) = (UnitName::exporter(), UnitName::exporter_socket());
    let path = layout.units().join(socket.as_str());
    let program = (PathBuf::from("/new"), layout.tools().join("mosaic-fleet-exporter"));
    let unit = WantedFile { path: path.clone(), text: String::new(), kind: FileKind::Unit(""), change: None };
    let wanted = Wanted { files: vec![unit], programs: vec![program], units: vec![socket.clone()], ..wanted };
    let (enable, start) = (Step::Enable(vec![socket.clone()]), Step::Start(vec![socket.clone()]));
    let stop = Step::Stop(vec![service.clone(), socket.clone()]);
    let (mask, ours) = (Found::Link("/dev/null".into()), Found::Nothing);
    let (off, listens): (&[UnitName], &[UnitName]) = (&[], std::slice::from_ref(&socket));
    // Was it enabled once, what is in the place of its unit, what runs; then what is done, and what is said.
    let table = [
        (false, &ours, off, vec![enable, start.clone()], ""),
        (true, &ours, off, vec![], "`systemctl --user enable --now mosaic-fleet-exporter.socket` serves again"),
        // It listens until the next boot, at the address that it has now.
        (true, &ours, listens, vec![stop, start], "serves again"),
        (true, &mask, off, vec![], "is a link to /dev/null and stays as it is"),
        (false, &mask, off, vec![], "is a link to /dev/null and stays as it is"),
        (true, &mask, listens, vec![Step::Stop(vec![service])], "is a link to /dev/null and stays as it is"),
    ];
    for (exporter, found, running, expected, said) in table {
        let seen = Seen {
            entries: [(path.clone(), found.clone())].into(),
            manifest: Some(Manifest { exporter, outbox: true, ..Manifest::default() }),
            ..seen.clone()
        };
        let surroundings = Surroundings {
            enabled: [UnitName::outbox_timer()].into(),
            exporter: running.iter().cloned().collect(),
            ..surroundings.clone()
        };
        let Plan { steps, notes } = plan(&layout, &seen, &wanted, &surroundings);
        let kept = steps.iter().rev().find_map(|step| match step {
            Step::Record(manifest) => Some(manifest.exporter),
            _ => None,
        });
        assert_eq!(kept, Some(exporter || expected.len() == 2), "{exporter} {found:?} {running:?}");
        let of_it = steps.into_iter().filter(|step| matches!(step, Step::Enable(_) | Step::Start(_) | Step::Stop(_)));
        assert_eq!(of_it.collect::<Vec<_>>(), expected, "{exporter} {found:?} {running:?}");
        assert!(notes.len() <= 1 && notes.concat().contains(said), "{notes:?}");
    }
}

#[test]
fn the_outboxs_timer_is_started_once_and_stays_off_when_somebody_switched_it_off() {
    let (layout, seen, wanted, surroundings) = usual();
    let timer = UnitName::outbox_timer();
    let path = layout.units().join(timer.as_str());
    let unit = WantedFile { path: path.clone(), text: String::new(), kind: FileKind::Unit(""), change: None };
    let wanted = Wanted { files: vec![unit], units: vec![timer.clone()], exporter: false, ..wanted };
    let (enable, start) = (Step::Enable(vec![timer.clone()]), Step::Start(vec![timer.clone()]));
    let (mask, ours) = (Found::Link("/dev/null".into()), Found::Nothing);
    // Was it started once, is it enabled, what is in the place of its unit; then what is done, and what is said.
    let table = [
        (false, false, &ours, vec![enable, start.clone()], ""),
        // Killed between the two.
        (false, true, &ours, vec![start], ""),
        (true, true, &ours, vec![], ""),
        (true, false, &ours, vec![], "`systemctl --user enable --now mosaic-fleet-outbox.timer` delivers them again"),
        (true, false, &mask, vec![], "is a link to /dev/null and stays as it is"),
        (false, false, &mask, vec![], "is a link to /dev/null and stays as it is"),
    ];
    for (outbox, enabled, found, expected, said) in table {
        let seen = Seen {
            entries: [(path.clone(), found.clone())].into(),
            manifest: Some(Manifest { exporter: true, outbox, ..Manifest::default() }),
            ..seen.clone()
        };
        let enabled = enabled.then(|| timer.clone()).into_iter().collect();
        let surroundings = Surroundings { enabled, ..surroundings.clone() };
        let Plan { steps, notes } = plan(&layout, &seen, &wanted, &surroundings);
        let of_it = steps.iter().filter(|step| matches!(step, Step::Enable(_) | Step::Start(_) | Step::Stop(_)));
        assert_eq!(of_it.cloned().collect::<Vec<_>>(), expected, "{outbox} {found:?}");
        assert!(notes.len() <= 1 && notes.concat().contains(said), "{notes:?}");
        let kept = steps.iter().rev().find_map(|step| match step {
            Step::Record(manifest) => Some(manifest.outbox),
            _ => None,
        });
        // Nothing is recorded where nothing changes.
        assert_eq!(kept.unwrap_or(outbox), outbox || *found == ours, "{outbox} {found:?}");
    }
}

#[test]
fn an_install_that_could_not_enable_the_exporter_was_nobodys_wish() {
    let (layout, seen, wanted, mut surroundings) = usual();
    surroundings.enabled = [].into();
    let first = Seen { manifest: None, ..seen };
    let recorded = |surroundings: &Surroundings| {
        let steps = plan(&layout, &first, &wanted, surroundings).steps;
        let records = steps.into_iter().filter_map(|step| match step {
            Step::Record(manifest) => Some(manifest.exporter),
            _ => None,
        });
        records.collect::<Vec<_>>()
    };
    // The first is written before anything is done.
    assert_eq!(recorded(&surroundings), [false, true]);
    surroundings.no_manager = Some("a container".to_owned());
    assert!(!recorded(&surroundings).contains(&true));
}

#[test]
fn lingering_is_ours_to_end_only_if_we_began_it() {
    let (layout, seen, wanted, mut surroundings) = usual();
    surroundings.linger = Linger::Off;
    let steps = plan(&layout, &seen, &wanted, &surroundings).steps;
    let recorded = Manifest { linger: true, exporter: true, outbox: true, ..Manifest::default() };
    assert_eq!(steps, [Step::Record(recorded), Step::Linger(true)]);
}

#[test]
fn heartbeats_go_to_memory_when_nobody_writes_any() {
    let (layout, seen, mut wanted, surroundings) = usual();
    let target = layout.run_target().unwrap();
    wanted.run_target = Some(target.clone());
    let verbs_of = |run: RunFound| {
        let seen = Seen { run, ..seen.clone() };
        let plan = plan(&layout, &seen, &wanted, &surroundings);
        (verbs(&plan, &layout), plan.notes.len())
    };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let there = |is_there| RunFound::Link { target: target.clone(), is_there };
    let elsewhere = RunFound::Link { target: PathBuf::from("/elsewhere"), is_there: true };
    let running = RunFound::Directory { running: vec!["a".parse().unwrap()] };
    let table = [
        (RunFound::Nothing, words(&["record", "make", "link"]), 0),
        (there(true), words(&["record"]), 0),
        (there(false), words(&["record", "make"]), 0),
        (elsewhere, words(&[]), 1),
        (RunFound::Directory { running: Vec::new() }, words(&["record", "move"]), 0),
        (running, words(&[]), 1),
    ];
    for (run, expected, notes) in table {
        assert_eq!(verbs_of(run.clone()), (expected, notes), "{run:?}");
    }
}

#[test]
fn a_unit_that_is_a_link_of_a_sites_own_stays_with_a_word_about_it() {
    let (layout, mut seen, mut wanted, surroundings) = usual();
    let path = layout.units().join("x.service");
    seen.entries.insert(path.clone(), Found::Link("/dev/null".into()));
    wanted.files.push(WantedFile { path, text: String::new(), kind: FileKind::Unit(""), change: None });
    let plan = plan(&layout, &seen, &wanted, &surroundings);
    assert_eq!(plan.steps, []);
    assert!(plan.notes[0].contains("/dev/null"), "{:?}", plan.notes);
}
