use super::program_facts::ProgramFacts;
use super::{CheckName, Scope, Status, Verification, VerifyInput, verify};
use crate::assemble::assemble;
use crate::example::{
    beat, failed, heartbeat, links, observation, observed_roster, server, session, stat, stop, target, unit,
};
use crate::observe::{AgentEnds, Observation, ObservedSign, UnusableProgram};
use crate::snapshot::{ActivitySource, DriftKind};
use crate::target::Target;
use mosaic_heartbeat::RestartHistory;
use mosaic_roster::Roster;
use mosaic_runtimes::ScreenSign;
use mosaic_systemd::{ActiveState, Linger, Unit, UnitName};
use std::path::Path;
use std::sync::Arc;

fn facts() -> ProgramFacts {
    let found = |agent: &str| (agent.parse().unwrap(), Arc::new(Ok("/bin/x".into())));
    ProgramFacts {
        tmux_version: Some(Ok("3.3".to_owned())),
        systemd_version: Some(Ok("252.39-1~deb12u2".to_owned())),
        server_group: Some("mosaic-tmux-holder.service".to_owned()),
        programs: [found("lead"), found("coder0")].into(),
        installers: [("coder0".parse().unwrap(), "npm install -g codex".to_owned())].into(),
    }
}

fn run(target: &Target, observation: &Observation, facts: &ProgramFacts, scope: &Scope) -> Verification {
    let snapshot = assemble(target, observation);
    let input = VerifyInput { target, observation, snapshot: &snapshot, program_facts: facts, scope };
    let verification = verify(&input);
    assert_eq!(super::passed(&input), verification.passed);
    verification
}

/// The checks that did not pass, as `name agent status`.
fn not_passed(verification: &Verification) -> Vec<String> {
    let rows = verification.checks.iter().filter(|check| check.status != Status::Pass);
    rows.map(|check| format!("{} {} {}", check.name, check.agent.as_deref().unwrap_or("-"), check.status)).collect()
}

#[test]
fn a_healthy_fleet_passes_every_check() {
    for strict in [false, true] {
        let scope = Scope { agents: None, strict };
        let verification = run(&target(), &observation(), &facts(), &scope);
        assert!(not_passed(&verification).is_empty(), "{:?}", not_passed(&verification));
        assert!(verification.passed);
        assert_eq!(verification.status(), Status::Pass);
        assert_eq!(verification.checks.len(), 11 + 2 * 9);
    }
}

#[test]
fn limits_that_are_not_in_force_fail_except_without_a_user_manager() {
    let mut limited = observation();
    let good = limited.roster.last_good.as_mut().unwrap();
    Arc::make_mut(&mut good.roster).agents[1].limits.tasks_max = Some("5".parse().unwrap());
    let verification = run(&target(), &limited, &facts(), &Scope::default());
    assert!(verification.passed && verification.checks.iter().any(|check| check.name == CheckName::Limits));

    let process = limited.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
    process.controllers = Some(mosaic_process::Controllers::default());
    let verification = run(&target(), &limited, &facts(), &Scope::default());
    assert_eq!(not_passed(&verification), ["limits coder0 fail", "drift - fail"]);
    assert!(!verification.passed);
    let check = verification.checks.iter().find(|check| check.name == CheckName::Limits).unwrap();
    assert!(check.evidence.contains("no pids controller") && check.advice.contains("Delegate="), "{check:?}");

    stop(&mut limited, "coder0", 200);
    let verification = run(&target(), &limited, &facts(), &Scope::default());
    assert!(verification.checks.iter().all(|check| check.name != CheckName::Limits), "there is nothing to limit");
}

/// Opens a dialog on coder0's screen.
fn show_dialog(observation: &mut Observation, dialog: &str) {
    let sign = ObservedSign { sign: ScreenSign::Dialog(dialog.to_owned()), since: 0, source: ActivitySource::Screen };
    observation.signs.insert("coder0".parse().unwrap(), sign);
}

fn lose_program(observation: &mut Observation) {
    observation.unusable_programs.push(UnusableProgram::missing("/m/start-agent-session"));
}

/// Lets coder0, which runs, have ended ten times within three minutes.
fn keep_ending(observation: &mut Observation) {
    let now = observation.now.wall;
    let since = now.checked_sub(jiff::SignedDuration::from_mins(3)).unwrap();
    // Its process started 55 seconds ago.
    observation.since_boot = std::time::Duration::from_mins(1);
    let history = Some(RestartHistory { ends: 10, since, until: now });
    observation.ends.insert("coder0".parse().unwrap(), Arc::new(AgentEnds { history, last: None }));
}

/// Makes coder0 report an activity.
fn report_activity(observation: &mut Observation, activity: &str) {
    let report = format!("ts=2026-11-20T11:59:00Z\nactivity={activity}\n").parse().unwrap();
    observation.heartbeats.result.as_mut().unwrap().activities.insert("coder0".parse().unwrap(), report);
}

/// Enables the exporter's socket, and sets the states of the socket and of the service if they are loaded.
fn exporter(observation: &mut Observation, states: Option<(ActiveState, ActiveState)>) {
    links(observation).enabled.insert(UnitName::exporter_socket());
    let loaded = &mut observation.systemd.result.as_mut().unwrap().loaded;
    let agent = loaded.values().next().unwrap().clone();
    if let Some((socket, service)) = states {
        for (name, active) in [(UnitName::exporter_socket(), socket), (UnitName::exporter(), service)] {
            loaded.insert(name.clone(), Unit { name, active, ..agent.clone() });
        }
    }
}

/// A defect, the checks that find it, and the overall status without and with `--strict`.
type Case = (fn(&mut Observation), &'static [&'static str], Status, Status);

#[expect(clippy::too_many_lines, reason = "one table")]
fn cases() -> Vec<Case> {
    use Status::{Fail, Pass, Unknown};
    vec![
        (
            |o| {
                server(o).sessions.remove("coder0");
                o.processes.result.as_mut().unwrap().remove(&200.try_into().unwrap());
            },
            &["session coder0 fail", "process coder0 fail", "control-group coder0 fail", "drift - fail"],
            Fail,
            Fail,
        ),
        (|o| drop(server(o).sessions.remove("coder0")), &["session coder0 fail", "drift - fail"], Fail, Fail),
        (
            |o| o.tmux.result = Ok(None),
            &["holder - fail", "socket - fail", "session lead fail", "session coder0 fail", "drift - fail"],
            Fail,
            Fail,
        ),
        (
            |o| {
                let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
                process.stat = Ok(Some(stat(200, 'Z')));
            },
            &["process coder0 fail", "drift - fail"],
            Fail,
            Fail,
        ),
        (|o| heartbeat(o, "coder0", &beat("coder0", 201)), &["process coder0 fail", "drift - fail"], Fail, Fail),
        (
            |o| heartbeat(o, "coder0", &beat("coder0", 200).replace("mono=995", "mono=900")),
            &["heartbeat coder0 fail", "drift - fail"],
            Fail,
            Fail,
        ),
        (
            |o| heartbeat(o, "coder0", "garbage"),
            &["process coder0 unknown", "heartbeat coder0 unknown", "drift - fail"],
            Fail,
            Fail,
        ),
        // A unit that is "active (exited)" does not pass.
        (|o| unit(o, "coder0").sub = "exited".to_owned(), &["unit-active coder0 fail"], Fail, Fail),
        (|o| unit(o, "coder0").active = ActiveState::Failed, &["unit-active coder0 fail"], Fail, Fail),
        (
            |o| links(o).enabled.clear(),
            &["unit-enabled lead fail", "unit-enabled coder0 fail", "drift - fail"],
            Fail,
            Fail,
        ),
        (
            |o| {
                let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
                process.group = Some("mosaic-tmux-holder.service".to_owned());
            },
            &["control-group coder0 fail"],
            Fail,
            Fail,
        ),
        (|o| drop(server(o).sessions.remove("_holder")), &["holder - fail", "drift - fail"], Fail, Fail),
        (lose_program, &["programs - fail", "drift - fail"], Fail, Fail),
        (keep_ending, &["restarts coder0 fail"], Fail, Fail),
        (|o| o.linger = Linger::NoLogind, &["linger - unknown"], Pass, Unknown),
        (|o| o.linger = Linger::Off, &["linger - fail", "drift - fail"], Pass, Fail),
        (|o| exporter(o, None), &["exporter - fail"], Fail, Fail),
        (|o| exporter(o, Some((ActiveState::Failed, ActiveState::Inactive))), &["exporter - fail"], Fail, Fail),
        (|o| exporter(o, Some((ActiveState::Active, ActiveState::Failed))), &["exporter - fail"], Fail, Fail),
        (|o| exporter(o, Some((ActiveState::Active, ActiveState::Inactive))), &[], Pass, Pass),
        (|o| exporter(o, Some((ActiveState::Active, ActiveState::Active))), &[], Pass, Pass),
        // An agent that waits for a person is alive.
        (|o| show_dialog(o, "login"), &["activity coder0 fail"], Pass, Pass),
        (|o| report_activity(o, "blocked"), &["activity coder0 fail"], Pass, Pass),
        (|o| report_activity(o, "idle"), &[], Pass, Pass),
        (|o| session(o, "scratch", 300), &["drift - fail"], Pass, Fail),
        (
            |o| {
                o.systemd = failed("no answer");
                o.unit_files = Err("no answer".to_owned());
            },
            &[
                "holder-unit - unknown",
                "unit-active lead unknown",
                "unit-enabled lead unknown",
                "control-group lead unknown",
                "unit-active coder0 unknown",
                "unit-enabled coder0 unknown",
                "control-group coder0 unknown",
                "drift - unknown",
            ],
            Unknown,
            Unknown,
        ),
        // Started directly without a manager: as it should be, unless the verification is strict.
        (
            |o| {
                o.systemd = failed("no systemd user manager on this host");
                o.direct = true;
            },
            &[
                "unit-active lead unknown",
                "unit-enabled lead unknown",
                "control-group lead unknown",
                "unit-active coder0 unknown",
                "unit-enabled coder0 unknown",
                "control-group coder0 unknown",
            ],
            Pass,
            Unknown,
        ),
    ]
}

#[test]
fn each_defect_is_found_by_its_own_check() {
    for (row, (change, expected, usual, strict)) in cases().into_iter().enumerate() {
        let mut changed = observation();
        change(&mut changed);
        for (strict, expected_status) in [(false, usual), (true, strict)] {
            let verification = run(&target(), &changed, &facts(), &Scope { agents: None, strict });
            assert_eq!(not_passed(&verification), expected, "row {row}");
            assert_eq!(verification.status(), expected_status, "row {row}, strict: {strict}");
            assert_eq!(verification.passed, expected_status == Status::Pass);
            for check in verification.checks.iter().filter(|check| check.status == Status::Fail) {
                assert!(!check.evidence.is_empty() && !check.advice.is_empty(), "{check:?}");
            }
        }
    }
}

#[test]
fn versions_and_programs_are_checked() {
    let mut old = facts();
    old.systemd_version = Some(Ok("249.11-0ubuntu3".to_owned()));
    old.tmux_version = Some(Err("tmux 3.2 or newer is required: /bin/tmux is 'tmux 2.9'".to_owned()));
    old.programs.insert("coder0".parse().unwrap(), Arc::new(Err("codex is not in /bin".to_owned())));
    let verification = run(&target(), &observation(), &old, &Scope::default());
    assert_eq!(not_passed(&verification), ["tmux-version - fail", "systemd-version - fail", "runtime coder0 fail"]);
    let advice: Vec<&str> = verification.checks.iter().map(|check| check.advice.as_str()).collect();
    assert!(advice.contains(&"npm install -g codex; mosaic fleet install; mosaic fleet start coder0"), "{advice:?}");
}

#[test]
fn a_server_outside_the_holder_unit_is_no_holder() {
    let mut foreign = facts();
    foreign.server_group = Some("session-3.scope".to_owned());
    let verification = run(&target(), &observation(), &foreign, &Scope::default());
    assert_eq!(not_passed(&verification), ["holder-unit - fail"]);
    let mut stopped = observation();
    let units = &mut stopped.systemd.result.as_mut().unwrap().loaded;
    units.get_mut(&UnitName::holder()).unwrap().active = ActiveState::Inactive;
    let verification = run(&target(), &stopped, &facts(), &Scope::default());
    assert_eq!(not_passed(&verification), ["holder-unit - fail"]);
}

/// A shell of another login may not see a manager that exists; the enabled units show that it does.
#[test]
fn a_manager_that_is_not_visible_from_here_excuses_nothing() {
    let mut unseen = observation();
    unseen.systemd = failed("no systemd user manager on this host");
    let verification = run(&target(), &unseen, &facts(), &Scope::default());
    assert_eq!(verification.status(), Status::Unknown);
    for check in verification.checks.iter().filter(|check| check.status == Status::Unknown) {
        assert!(check.advice.contains("could not be read"), "{check:?}");
    }
}

#[test]
fn agents_outside_the_scope_do_not_matter() {
    let mut changed = observation();
    server(&mut changed).sessions.remove("coder0");
    let lead = Scope { agents: Some(vec!["lead".parse().unwrap()]), strict: true };
    assert!(run(&target(), &changed, &facts(), &lead).passed);
    let coder = Scope { agents: Some(vec!["coder0".parse().unwrap()]), strict: false };
    assert!(!run(&target(), &changed, &facts(), &coder).passed);
}

#[test]
fn a_roster_that_cannot_be_read_fails() {
    let mut no_roster = observation();
    no_roster.roster.read = failed("roster.yaml:3:1: garbage");
    let with_last_valid_roster = run(&target(), &no_roster, &facts(), &Scope::default());
    assert_eq!(not_passed(&with_last_valid_roster), ["roster - fail"]);
    no_roster.roster.last_good = None;
    let verification = run(&target(), &no_roster, &facts(), &Scope::default());
    assert_eq!(verification.status(), Status::Fail);
    assert_eq!(verification.checks[0].name, CheckName::Roster);
}

#[test]
fn an_agent_that_was_stopped_on_request_passes_unless_it_is_to_run_always() {
    let mut changed = observation();
    stop(&mut changed, "coder0", 200);
    links(&mut changed).enabled.remove(&UnitName::agent(&"coder0".parse().unwrap()));
    for strict in [false, true] {
        let scope = Scope { agents: None, strict };
        let verification = run(&target(), &changed, &facts(), &scope);
        assert_eq!(not_passed(&verification), [""; 0]);
        let of_coder0 = verification.checks.iter().filter(|check| check.agent.as_deref() == Some("coder0"));
        let stopped = of_coder0.filter(|check| check.evidence.starts_with("stopped by jarvis at ")).count();
        assert_eq!(stopped, 5, "{verification:#?}");
    }
    let text = crate::example::ROSTER.replace("class: implementer", "class: implementer\n    restart: always");
    changed.roster = observed_roster(Roster::parse(&text, Path::new("/h/roster.yaml")).unwrap());
    let verification = run(&target(), &changed, &facts(), &Scope::default());
    assert!(!verification.passed);
    assert!(not_passed(&verification).contains(&"session coder0 fail".to_owned()), "{:?}", not_passed(&verification));
}

#[test]
fn a_server_that_was_made_by_hand_on_a_stopped_fleet_has_advice_that_helps() {
    let mut changed = observation();
    stop(&mut changed, "lead", 100);
    stop(&mut changed, "coder0", 200);
    server(&mut changed).sessions.clear();
    session(&mut changed, "scratch", 300);
    changed.systemd.result.as_mut().unwrap().loaded.get_mut(&UnitName::holder()).unwrap().active =
        ActiveState::Inactive;
    let facts = ProgramFacts { server_group: Some("session-3.scope".to_owned()), ..facts() };
    let verification = run(&target(), &changed, &facts, &Scope::default());
    // A start would not start the holder beside that server. No agent runs, so nothing has to be stopped.
    let expected =
        "end the sessions that were made by hand (tmux -L mosaic-factory list-sessions), then mosaic fleet start";
    for name in [CheckName::Holder, CheckName::HolderUnit] {
        let check = verification.checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!((check.advice.as_str(), &check.command), (expected, &None), "{name}");
    }
    let item =
        assemble(&target(), &changed).drift.into_iter().find(|item| item.kind == DriftKind::HolderMissing).unwrap();
    assert_eq!(item.advice, expected);
    assert_eq!(verification.stopped, ["lead", "coder0"]);
}

#[test]
fn a_session_that_was_renamed_has_the_advice_of_its_drift() {
    let mut changed = observation();
    let mut pane = server(&mut changed).sessions.remove("coder0").unwrap();
    pane.session = "renamed".to_owned();
    server(&mut changed).sessions.insert("renamed".to_owned(), pane);
    let verification = run(&target(), &changed, &facts(), &Scope::default());
    let check =
        verification.checks.iter().find(|check| check.name == CheckName::Session && check.status == Status::Fail);
    assert_eq!(check.unwrap().command.as_deref(), Some("tmux -L mosaic-factory rename-session -t %200 coder0"));
}

#[test]
fn a_command_that_only_a_shell_resolves_needs_no_installation() {
    let mut shell = facts();
    shell.programs.remove(&"coder0".parse().unwrap());
    shell.installers.clear();
    for (strict, expected) in [(false, ""), (true, "write the command as a program with its arguments")] {
        let verification = run(&target(), &observation(), &shell, &Scope { agents: None, strict });
        let unknown = verification.checks.iter().find(|check| check.status == Status::Unknown).unwrap();
        assert_eq!(unknown.name, CheckName::Runtime);
        assert!(
            unknown.advice.starts_with(expected) && unknown.advice.is_empty() == expected.is_empty(),
            "{unknown:?}"
        );
    }
}

#[test]
fn lingering_is_not_advised_where_there_is_no_logind() {
    let mut changed = observation();
    changed.linger = Linger::NoLogind;
    let verification = run(&target(), &changed, &facts(), &Scope::default());
    let check = verification.checks.iter().find(|check| check.name == CheckName::Linger).unwrap();
    assert!(!check.advice.contains("enable-linger") && check.command.is_none(), "{check:?}");
}

#[test]
fn a_fleet_that_was_stopped_on_request_passes() {
    let mut changed = observation();
    stop(&mut changed, "lead", 100);
    stop(&mut changed, "coder0", 200);
    changed.tmux.result = Ok(None);
    let facts = ProgramFacts { server_group: None, ..facts() };
    assert_eq!(not_passed(&run(&target(), &changed, &facts, &Scope::default())), [""; 0]);
}
