use crate::healthy::{
    add, beat, failed, generated_files, heartbeat, links, observation, server, session, stat, target, unit,
};
use crate::observe::{Launched, Observation};
use crate::snapshot::{Condition, DriftKind, RosterSnapshot, SourceName};
use crate::{Target, assemble};
use mosaic_systemd::{ActiveState, Linger, LoadState, UnitName};

/// What differs, as `kind subject`.
fn drift(target: &Target, observation: &Observation) -> Vec<String> {
    let snapshot = assemble(target, observation);
    snapshot.drift.iter().map(|item| format!("{} {}", item.kind, item.subject)).collect()
}

#[test]
fn in_a_healthy_fleet_nothing_differs() {
    let (target, observation) = (target(), observation());
    assert!(drift(&target, &observation).is_empty());
    let snapshot = assemble(&target, &observation);
    assert!(snapshot.agents.iter().all(|agent| agent.condition == Condition::Up && agent.managed), "{snapshot:#?}");
    assert_eq!(snapshot.agents.len(), 2);
}

/// Each way to spoil it has one name and no other.
#[test]
fn every_kind_is_named_once_and_alone() {
    type Spoil = fn(&mut Observation);
    let table: Vec<(&str, Spoil)> = vec![
        ("session-missing coder0", |o| {
            server(o).sessions.remove("coder0");
            unit(o, "coder0").active = ActiveState::Failed;
        }),
        ("pane-dead coder0", |o| {
            server(o).sessions.get_mut("coder0").unwrap().dead = true;
            unit(o, "coder0").active = ActiveState::Inactive;
        }),
        ("unmanaged-session scratch", |o| session(o, "scratch", 300)),
        ("unmanaged-session my notes", |o| session(o, "my notes", 300)),
        ("unit-active-process-dead coder0", |o| drop(server(o).sessions.remove("coder0"))),
        ("unit-active-process-dead coder0", |o| {
            let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
            process.stat = Ok(Some(stat(200, 'Z')));
        }),
        ("unit-missing coder0", |o| {
            unit(o, "coder0").load = LoadState::NotFound;
        }),
        ("unit-missing coder0", |o| {
            let name = UnitName::agent(&"coder0".parse().unwrap());
            links(o).masked.insert(name);
        }),
        ("unit-disabled coder0", |o| {
            let name = UnitName::agent(&"coder0".parse().unwrap());
            links(o).enabled.remove(&name);
        }),
        // The unit would bring back the session, and that the heartbeat.
        ("unit-orphaned gone", |o| add(o, "gone", 300, "mosaic yolo pi")),
        ("unit-orphaned gone", |o| {
            links(o).enabled.insert(UnitName::agent(&"gone".parse().unwrap()));
        }),
        ("pid-mismatch coder0", |o| heartbeat(o, "coder0", &beat("coder0", 201))),
        ("pid-mismatch coder0", |o| heartbeat(o, "coder0", &beat("coder0", 200).replace("start=500", "start=499"))),
        ("pid-mismatch coder0", |o| heartbeat(o, "coder0", &beat("coder0", 200).replace("boot=0700", "boot=1111"))),
        ("stale-heartbeat coder0", |o| {
            heartbeat(o, "coder0", &beat("coder0", 200).replace("mono=995", "mono=954"));
        }),
        ("stale-heartbeat coder0", |o| heartbeat(o, "coder0", "garbage")),
        ("stale-heartbeat coder0", |o| {
            let agent = "coder0".parse().unwrap();
            o.heartbeats.result.as_mut().unwrap().heartbeats.remove(&agent);
        }),
        ("orphan-heartbeat gone", |o| heartbeat(o, "gone", &beat("gone", 300))),
        ("command-mismatch coder0", |o| {
            let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
            process.launched = Some(Launched::Command("mosaic yolo pi".to_owned()));
        }),
        ("command-mismatch coder0", |o| {
            let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
            process.launched = Some(Launched::Otherwise);
        }),
        ("env-outdated coder0", |o| {
            let files = generated_files(o).get_mut(&"coder0".parse().unwrap()).unwrap();
            std::sync::Arc::make_mut(files).outdated.push("coder0.env: MOSAIC_AGENT_RUNTIME differs".to_owned());
        }),
        ("holder-missing mosaic-factory", |o| drop(server(o).sessions.remove("_holder"))),
        ("linger-off jarvis", |o| o.linger = Linger::Off),
    ];
    let target = target();
    for (expected, spoil) in &table {
        let mut spoiled = observation();
        spoil(&mut spoiled);
        assert_eq!(drift(&target, &spoiled), [*expected]);
    }
    for kind in DriftKind::ALL {
        assert!(table.iter().any(|(name, _)| name.starts_with(&format!("{kind} "))), "no row makes {kind}");
    }
}

#[test]
fn without_a_server_every_session_is_missing_too() {
    let mut spoiled = observation();
    spoiled.tmux.result = Ok(None);
    let lead = ["unit-active-process-dead lead", "unit-active-process-dead coder0", "holder-missing mosaic-factory"];
    assert_eq!(drift(&target(), &spoiled), lead);
}

#[test]
fn between_two_states_there_is_nothing_to_say() {
    for state in [ActiveState::Activating, ActiveState::Deactivating] {
        let mut spoiled = observation();
        server(&mut spoiled).sessions.remove("coder0");
        unit(&mut spoiled, "coder0").active = state;
        assert!(drift(&target(), &spoiled).is_empty(), "{state}");
    }
    let mut spoiled = observation();
    heartbeat(&mut spoiled, "coder0", &beat("coder0", 201));
    unit(&mut spoiled, "coder0").active = ActiveState::Activating;
    assert!(drift(&target(), &spoiled).is_empty());
}

#[test]
fn what_could_not_be_read_differs_in_nothing() {
    let table: [fn(&mut Observation); 4] = [
        |o| o.tmux = failed("tmux hangs"),
        |o| {
            o.systemd = failed("systemd hangs");
            o.unit_files = Err("systemd hangs".to_owned());
        },
        |o| o.processes = failed("no /proc"),
        |o| o.generated = failed("no disk"),
    ];
    for (row, spoil) in table.into_iter().enumerate() {
        let mut spoiled = observation();
        spoil(&mut spoiled);
        assert!(drift(&target(), &spoiled).is_empty(), "row {row}");
    }
    let mut spoiled = observation();
    spoiled.roster.now = failed("line 3: garbage");
    // By the last that could be read all is as it was, and the source says that it cannot be read now.
    assert!(drift(&target(), &spoiled).is_empty());
    let snapshot = assemble(&target(), &spoiled);
    assert_eq!(snapshot.managed().count(), 2);
    assert_eq!(snapshot.roster.loaded_at.as_deref(), Some("2026-11-20T11:59:59Z"));
    assert!(!snapshot.sources[&SourceName::Roster].ok);
    spoiled.roster.last_good = None;
    spoiled.generated = failed("line 3: garbage");
    assert!(drift(&target(), &spoiled).is_empty());
    let snapshot = assemble(&target(), &spoiled);
    assert_eq!(snapshot.roster, RosterSnapshot::default());
    assert_eq!(snapshot.agents.iter().filter(|agent| !agent.managed && agent.condition == Condition::Up).count(), 2);
}

#[test]
fn where_no_manager_is_no_unit_is_missing() {
    let mut direct = observation();
    direct.systemd = failed("there is no systemd user manager here");
    direct.direct = true;
    direct.linger = Linger::Off;
    direct.unit_files = Ok(crate::observe::UnitFiles::default());
    assert!(drift(&target(), &direct).is_empty());
}
