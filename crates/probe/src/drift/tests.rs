use crate::assemble::assemble;
use crate::example::{
    SOCKET, add, beat, failed, generated_files, heartbeat, links, observation, server, session, stat, stop, target,
    unit,
};
use crate::judge::AgentFacts;
use crate::observe::{LaunchCommand, Observation};
use crate::snapshot::{Condition, DriftKind, RosterSnapshot, SourceName};
use crate::target::Target;
use mosaic_systemd::{ActiveState, Linger, LoadState, UnitName};

/// The drift, as `kind subject`.
fn drift(target: &Target, observation: &Observation) -> Vec<String> {
    let snapshot = assemble(target, observation);
    snapshot.drift.iter().map(|item| format!("{} {}", item.kind, item.subject)).collect()
}

#[test]
fn a_healthy_fleet_has_no_drift() {
    let (target, observation) = (target(), observation());
    assert!(drift(&target, &observation).is_empty());
    let snapshot = assemble(&target, &observation);
    assert!(snapshot.agents.iter().all(|agent| agent.condition == Condition::Up && agent.managed), "{snapshot:#?}");
    assert_eq!(snapshot.agents.len(), 2);
}

/// Ends a process.
fn end(observation: &mut Observation, pid: u32) {
    let processes = observation.processes.result.as_mut().unwrap();
    processes.get_mut(&pid.try_into().unwrap()).unwrap().stat = Ok(Some(stat(pid, 'Z')));
}

/// Renames the session of coder0, if it exists.
fn rename_session(observation: &mut Observation) {
    if let Some(pane) = server(observation).sessions.remove("coder0") {
        let renamed = mosaic_tmux::SessionPane { session: "renamed".to_owned(), ..pane };
        server(observation).sessions.insert("renamed".to_owned(), renamed);
    }
}

/// The only commands that end a process are a restart and a removal of an agent, and the end of a session. Words may
/// name them where they say what ends.
fn assert_no_command_ends_a_living_agent(target: &Target, observation: &Observation) {
    const SAFE: [&str; 7] = [
        "mosaic fleet start",
        "mosaic fleet install",
        "systemctl --user unmask ",
        "loginctl enable-linger ",
        "mv --backup=numbered -T ",
        "tmux -L mosaic-factory rename-session ",
        "mosaic fleet ps",
    ];
    let snapshot = assemble(target, observation);
    for item in snapshot.drift {
        let Some(command) = item.command else {
            assert!(!item.advice.is_empty());
            continue;
        };
        if SAFE.iter().any(|safe| command.starts_with(safe)) {
            continue;
        }
        let agent = item.subject.parse().unwrap();
        let facts = AgentFacts::gather(observation, &agent, target.assumed_interval);
        assert!(!facts.may_live(), "{command}: {facts:#?}");
    }
}

#[test]
fn one_agent_runs_and_two_agents_run() {
    for (stopped, expected) in [(false, "2 agents run, but no tmux server answers"), (true, "1 agent runs, but no")] {
        let mut observation = observation();
        if stopped {
            stop(&mut observation, "lead", 100);
        }
        observation.tmux.result = Ok(None);
        let drift = assemble(&target(), &observation).drift;
        let lost = drift.iter().find(|item| item.kind == DriftKind::SocketMissing).unwrap();
        assert!(lost.detail.starts_with(expected), "{}", lost.detail);
    }
}

/// Each defect is reported as exactly one kind.
#[test]
fn each_defect_has_exactly_one_kind() {
    type Change = fn(&mut Observation);
    let table: Vec<(&str, Change)> = vec![
        ("session-missing coder0", |o| {
            server(o).sessions.remove("coder0");
            end(o, 200);
            unit(o, "coder0").active = ActiveState::Failed;
        }),
        // The process lives, so the session was renamed, or is on another server.
        ("session-missing coder0", |o| drop(server(o).sessions.remove("coder0"))),
        ("session-missing coder0", |o| rename_session(o)),
        ("pane-dead coder0", |o| {
            server(o).sessions.get_mut("coder0").into_iter().for_each(|pane| pane.dead = true);
            unit(o, "coder0").active = ActiveState::Inactive;
        }),
        ("unmanaged-session scratch", |o| session(o, "scratch", 300)),
        ("unmanaged-session my notes", |o| session(o, "my notes", 300)),
        ("unit-active-process-dead coder0", |o| {
            server(o).sessions.remove("coder0");
            end(o, 200);
        }),
        ("unit-active-process-dead coder0", |o| end(o, 200)),
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
        // The unit would start the session again, and the session the heartbeat.
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
        // One item for the directory, whatever the number of agents.
        ("stale-heartbeat /h/run", |o| {
            o.heartbeats.result.as_mut().unwrap().write_fault = Some("no space is left in /h/run".to_owned());
            for (agent, pid) in [("lead", 100), ("coder0", 200)] {
                heartbeat(o, agent, &beat(agent, pid).replace("mono=995", "mono=900"));
            }
        }),
        ("orphan-heartbeat gone", |o| heartbeat(o, "gone", &beat("gone", 300))),
        ("command-mismatch coder0", |o| {
            let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
            process.launch_command = Some(LaunchCommand::Command("mosaic yolo pi".to_owned()));
        }),
        ("command-mismatch coder0", |o| {
            let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
            process.launch_command = Some(LaunchCommand::NotByLauncher);
        }),
        ("env-outdated coder0", |o| {
            let files = generated_files(o).get_mut(&"coder0".parse().unwrap()).unwrap();
            std::sync::Arc::make_mut(files).outdated.push("coder0.env: MOSAIC_AGENT_RUNTIME differs".to_owned());
        }),
        ("limits-not-enforced coder0", |o| {
            let good = o.roster.last_good.as_mut().unwrap();
            let agent = &mut std::sync::Arc::make_mut(&mut good.roster).agents[1];
            agent.limits.memory_max = Some("50M".parse().unwrap());
            let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
            process.controllers = Some(mosaic_process::Controllers::default());
        }),
        ("holder-missing mosaic-factory", |o| drop(server(o).sessions.remove("_holder"))),
        ("socket-missing mosaic-factory", |o| o.tmux.result = Ok(None)),
        ("programs-unusable /h/.config/mosaic/tools/fleet", |o| {
            o.unusable_programs.push(crate::observe::UnusableProgram::missing("/h/start-agent-session"));
        }),
        ("linger-off jarvis", |o| o.linger = Linger::Off),
    ];
    let target = target();
    for (expected, change) in &table {
        let mut changed = observation();
        change(&mut changed);
        assert_eq!(drift(&target, &changed), [*expected]);
        assert_no_command_ends_a_living_agent(&target, &changed);
    }
    // Two defects at the same time.
    for (nth, (_, first)) in table.iter().enumerate() {
        for (_, second) in &table[nth..] {
            let mut changed = observation();
            first(&mut changed);
            second(&mut changed);
            assert_no_command_ends_a_living_agent(&target, &changed);
        }
    }
    for kind in DriftKind::ALL {
        assert!(
            table.iter().any(|(name, _)| name.starts_with(&format!("{kind} "))),
            "add a row that makes {kind} to the table of this test"
        );
    }
}

#[test]
fn without_a_tmux_server_and_processes_every_agent_is_dead_and_the_holder_is_missing() {
    let mut changed = observation();
    changed.tmux.result = Ok(None);
    end(&mut changed, 100);
    end(&mut changed, 200);
    let expected =
        ["unit-active-process-dead lead", "unit-active-process-dead coder0", "holder-missing mosaic-factory"];
    assert_eq!(drift(&target(), &changed), expected);
}

#[test]
fn agents_whose_server_has_lost_its_socket_are_up() {
    let mut changed = observation();
    changed.tmux.result = Ok(None);
    let snapshot = assemble(&target(), &changed);
    assert!(snapshot.agents.iter().all(|agent| agent.condition == Condition::Up && agent.drift.is_empty()));
    assert_eq!(snapshot.drift.len(), 1);
    assert_eq!(snapshot.drift[0].command.as_deref(), Some("mosaic fleet start"));
    assert!(snapshot.drift[0].detail.contains("/tmp/tmux-1000/mosaic-factory"), "{:?}", snapshot.drift);
}

#[test]
fn a_renamed_session_gets_its_name_back() {
    let mut changed = observation();
    rename_session(&mut changed);
    let command = |changed: &Observation| assemble(&target(), changed).drift[0].command.clone().unwrap();
    assert_eq!(command(&changed), "tmux -L mosaic-factory rename-session -t %200 coder0");
    changed.socket.as_mut().unwrap().default_path = "/other/tmux-1000/mosaic-factory".into();
    assert_eq!(command(&changed), format!("tmux -S {SOCKET} rename-session -t %200 coder0"));
}

/// Without a heartbeat that names a process, nothing shows that the agent of an active unit has ended.
#[test]
fn an_agent_of_which_nothing_is_known_is_not_restarted() {
    let mut changed = observation();
    server(&mut changed).sessions.remove("coder0");
    changed.heartbeats.result.as_mut().unwrap().heartbeats.remove(&"coder0".parse().unwrap());
    let snapshot = assemble(&target(), &changed);
    assert_eq!(snapshot.drift[0].kind, DriftKind::UnitActiveProcessDead);
    assert_eq!(snapshot.drift[0].command.as_deref(), Some("mosaic fleet start coder0"));
}

#[test]
fn a_unit_that_changes_state_causes_no_drift() {
    for state in [ActiveState::Activating, ActiveState::Deactivating] {
        let mut changed = observation();
        server(&mut changed).sessions.remove("coder0");
        end(&mut changed, 200);
        unit(&mut changed, "coder0").active = state;
        assert!(drift(&target(), &changed).is_empty(), "{state}");
    }
    let mut changed = observation();
    heartbeat(&mut changed, "coder0", &beat("coder0", 201));
    unit(&mut changed, "coder0").active = ActiveState::Activating;
    assert!(drift(&target(), &changed).is_empty());
}

#[test]
fn an_unreadable_source_causes_no_drift() {
    let table: [fn(&mut Observation); 4] = [
        |o| o.tmux = failed("tmux hangs"),
        |o| {
            o.systemd = failed("systemd hangs");
            o.unit_files = Err("systemd hangs".to_owned());
        },
        |o| o.processes = failed("no /proc"),
        |o| o.generated = failed("no disk"),
    ];
    for (row, change) in table.into_iter().enumerate() {
        let mut changed = observation();
        change(&mut changed);
        assert!(drift(&target(), &changed).is_empty(), "row {row}");
    }
    let mut changed = observation();
    changed.roster.read = failed("line 3: garbage");
    // The last valid roster stays in effect, and the source reports that the file cannot be read now.
    assert!(drift(&target(), &changed).is_empty());
    let snapshot = assemble(&target(), &changed);
    assert_eq!(snapshot.managed().count(), 2);
    assert_eq!(snapshot.roster.loaded_at, "2026-11-20T11:59:59Z".parse().ok());
    assert!(!snapshot.sources[&SourceName::Roster].ok);
    changed.roster.last_good = None;
    changed.generated = failed("line 3: garbage");
    assert!(drift(&target(), &changed).is_empty());
    let snapshot = assemble(&target(), &changed);
    assert_eq!(snapshot.roster, RosterSnapshot::default());
    assert_eq!(snapshot.agents.iter().filter(|agent| !agent.managed && agent.condition == Condition::Up).count(), 2);
}

#[test]
fn without_a_user_manager_no_unit_is_missing() {
    let mut direct = observation();
    direct.systemd = failed("no systemd user manager on this host");
    direct.direct = true;
    direct.linger = Linger::Off;
    direct.unit_files = Ok(crate::observe::UnitFiles::default());
    assert!(drift(&target(), &direct).is_empty());
}

#[test]
fn a_stop_on_request_is_no_drift() {
    let mut changed = observation();
    stop(&mut changed, "coder0", 200);
    assert!(drift(&target(), &changed).is_empty());
    let unit = UnitName::agent(&"coder0".parse().unwrap());
    links(&mut changed).enabled.remove(&unit);
    assert!(drift(&target(), &changed).is_empty(), "a boot is not to start it");
    links(&mut changed).masked.insert(unit);
    assert!(drift(&target(), &changed).is_empty(), "nothing is to start it");

    let snapshot = assemble(&target(), &changed);
    assert_eq!(snapshot.agent("coder0").unwrap().condition, Condition::Stopped);
    let stopped = snapshot.agent("coder0").unwrap().stopped.clone().unwrap();
    assert_eq!((stopped.by.as_deref(), stopped.since), (Some("jarvis"), "2026-11-20T11:59:58Z".parse().unwrap()));
    assert!(!snapshot.holder.stopped);
}

#[test]
fn a_fleet_that_was_stopped_needs_no_tmux_server() {
    let mut changed = observation();
    stop(&mut changed, "coder0", 200);
    changed.tmux.result = Ok(None);
    end(&mut changed, 100);
    unit(&mut changed, "lead").active = ActiveState::Failed;
    assert_eq!(drift(&target(), &changed), ["session-missing lead", "holder-missing mosaic-factory"]);
    changed.tmux = observation().tmux;
    stop(&mut changed, "lead", 100);
    changed.tmux.result = Ok(None);
    assert!(drift(&target(), &changed).is_empty());
    assert!(assemble(&target(), &changed).holder.stopped);
    // A server that is about to end has no sessions, and one that a person started has other ones.
    changed.tmux = observation().tmux;
    server(&mut changed).sessions.clear();
    assert!(drift(&target(), &changed).is_empty());
    session(&mut changed, "scratch", 300);
    assert_eq!(drift(&target(), &changed), ["holder-missing mosaic-factory", "unmanaged-session scratch"]);
}
