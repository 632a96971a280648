use super::{CheckName, Facts, Scope, Status, Verification, verify};
use crate::healthy::{beat, failed, heartbeat, links, observation, server, session, stat, target, unit};
use crate::observe::{Observation, ScreenSays};
use crate::{Target, assemble};
use mosaic_domain::ExitCode;
use mosaic_runtimes::ScreenSign;
use mosaic_systemd::{ActiveState, Linger};
use std::sync::Arc;

fn facts() -> Facts {
    let found = |agent: &str| (agent.parse().unwrap(), Arc::new(Ok("/bin/x".into())));
    Facts {
        tmux_version: Some(Ok("3.3".to_owned())),
        systemd_version: Some(Ok("252.39-1~deb12u2".to_owned())),
        server_group: Some("mosaic-tmux-holder.service".to_owned()),
        programs: [found("lead"), found("coder0")].into(),
    }
}

fn run(target: &Target, observation: &Observation, facts: &Facts, scope: &Scope) -> Verification {
    let snapshot = assemble(target, observation);
    let verification = verify(target, observation, &snapshot, facts, scope);
    assert_eq!(super::passed(target, observation, &snapshot, facts, scope), verification.passed);
    verification
}

/// The rows that did not pass, as `name agent status`.
fn bad(verification: &Verification) -> Vec<String> {
    let rows = verification.checks.iter().filter(|check| check.status != Status::Pass);
    rows.map(|check| format!("{} {} {}", check.name, check.agent.as_deref().unwrap_or("-"), check.status)).collect()
}

#[test]
fn a_healthy_fleet_passes_every_check() {
    for strict in [false, true] {
        let scope = Scope { agents: None, strict };
        let verification = run(&target(), &observation(), &facts(), &scope);
        assert!(bad(&verification).is_empty(), "{:?}", bad(&verification));
        assert!(verification.passed);
        assert_eq!(verification.exit_code(), ExitCode::Ok);
        assert_eq!(verification.checks.len(), 9 + 2 * 8);
    }
}

/// This dialog is open on coder0's screen.
fn shows(observation: &mut Observation, dialog: &str) {
    let says = ScreenSays { sign: ScreenSign::Dialog(dialog.to_owned()), since: 0 };
    observation.signs.insert("coder0".parse().unwrap(), says);
}

/// coder0 says that of itself.
fn reported(observation: &mut Observation, activity: &str) {
    let report = format!("ts=2026-11-20T11:59:00Z\nactivity={activity}\n").parse().unwrap();
    observation.heartbeats.result.as_mut().unwrap().activities.insert("coder0".parse().unwrap(), report);
}

/// What spoils a fleet, the rows that tell, and the exit code, also of `--strict`.
type Case = (fn(&mut Observation), &'static [&'static str], ExitCode, ExitCode);

fn cases() -> Vec<Case> {
    use ExitCode::{CheckFailed, Ok as Passed, Unavailable};
    vec![
        (
            |o| drop(server(o).sessions.remove("coder0")),
            &["session coder0 fail", "process coder0 fail", "control-group coder0 fail", "drift - fail"],
            CheckFailed,
            CheckFailed,
        ),
        (
            |o| {
                let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
                process.stat = Ok(Some(stat(200, 'Z')));
            },
            &["process coder0 fail", "drift - fail"],
            CheckFailed,
            CheckFailed,
        ),
        (
            |o| heartbeat(o, "coder0", &beat("coder0", 201)),
            &["process coder0 fail", "drift - fail"],
            CheckFailed,
            CheckFailed,
        ),
        (
            |o| heartbeat(o, "coder0", &beat("coder0", 200).replace("mono=995", "mono=900")),
            &["heartbeat coder0 fail", "drift - fail"],
            CheckFailed,
            CheckFailed,
        ),
        (
            |o| heartbeat(o, "coder0", "garbage"),
            &["process coder0 unknown", "heartbeat coder0 unknown", "drift - fail"],
            CheckFailed,
            CheckFailed,
        ),
        // A unit that says "active (exited)" is not believed.
        (|o| unit(o, "coder0").sub = "exited".to_owned(), &["unit-active coder0 fail"], CheckFailed, CheckFailed),
        (|o| unit(o, "coder0").active = ActiveState::Failed, &["unit-active coder0 fail"], CheckFailed, CheckFailed),
        (
            |o| links(o).enabled.clear(),
            &["unit-enabled lead fail", "unit-enabled coder0 fail", "drift - fail"],
            CheckFailed,
            CheckFailed,
        ),
        (
            |o| {
                let process = o.processes.result.as_mut().unwrap().get_mut(&200.try_into().unwrap()).unwrap();
                process.group = Some("mosaic-tmux-holder.service".to_owned());
            },
            &["control-group coder0 fail"],
            CheckFailed,
            CheckFailed,
        ),
        (|o| drop(server(o).sessions.remove("_holder")), &["holder - fail", "drift - fail"], CheckFailed, CheckFailed),
        (|o| o.linger = Linger::NoLogind, &["linger - unknown"], Passed, Unavailable),
        (|o| o.linger = Linger::Off, &["linger - fail", "drift - fail"], Passed, CheckFailed),
        // Whoever waits for a person is alive all the same.
        (|o| shows(o, "login"), &["activity coder0 fail"], Passed, Passed),
        (|o| reported(o, "blocked"), &["activity coder0 fail"], Passed, Passed),
        (|o| reported(o, "idle"), &[], Passed, Passed),
        (|o| session(o, "scratch", 300), &["drift - fail"], Passed, CheckFailed),
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
            Unavailable,
            Unavailable,
        ),
        // Started directly, where no manager is: as it should be, unless somebody insists.
        (
            |o| {
                o.systemd = failed("there is no systemd user manager here");
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
            Passed,
            Unavailable,
        ),
    ]
}

#[test]
fn whatever_is_wrong_is_found_by_its_own_check() {
    for (row, (spoil, expected, usual, strict)) in cases().into_iter().enumerate() {
        let mut spoiled = observation();
        spoil(&mut spoiled);
        for (strictly, code) in [(false, usual), (true, strict)] {
            let verification = run(&target(), &spoiled, &facts(), &Scope { agents: None, strict: strictly });
            assert_eq!(bad(&verification), expected, "row {row}");
            assert_eq!(verification.exit_code(), code, "row {row}, strict: {strictly}");
            assert_eq!(verification.passed, code == ExitCode::Ok);
            for check in verification.checks.iter().filter(|check| check.status == Status::Fail) {
                assert!(!check.evidence.is_empty() && !check.advice.is_empty(), "{check:?}");
            }
        }
    }
}

#[test]
fn versions_and_programs_are_checked_too() {
    let mut old = facts();
    old.systemd_version = Some(Ok("249.11-0ubuntu3".to_owned()));
    old.tmux_version = Some(Err("tmux 3.2 or newer is required: /bin/tmux is 'tmux 2.9'".to_owned()));
    old.programs.insert("coder0".parse().unwrap(), Arc::new(Err("there is no codex in /bin".to_owned())));
    let verification = run(&target(), &observation(), &old, &Scope::default());
    assert_eq!(bad(&verification), ["tmux-version - fail", "systemd-version - fail", "runtime coder0 fail"]);
}

#[test]
fn a_server_that_is_not_the_units_is_no_holder() {
    let mut foreign = facts();
    foreign.server_group = Some("session-3.scope".to_owned());
    let verification = run(&target(), &observation(), &foreign, &Scope::default());
    assert_eq!(bad(&verification), ["holder-unit - fail"]);
    let mut stopped = observation();
    let units = &mut stopped.systemd.result.as_mut().unwrap().loaded;
    units.get_mut(&mosaic_systemd::UnitName::holder()).unwrap().active = ActiveState::Inactive;
    let verification = run(&target(), &stopped, &facts(), &Scope::default());
    assert_eq!(bad(&verification), ["holder-unit - fail"]);
}

/// From a shell that does not see it, a manager is not absent: what it made is there.
#[test]
fn a_manager_that_is_merely_not_found_excuses_nothing() {
    let mut unseen = observation();
    unseen.systemd = failed("there is no systemd user manager here");
    let verification = run(&target(), &unseen, &facts(), &Scope::default());
    assert_eq!(verification.exit_code(), ExitCode::Unavailable);
    for check in verification.checks.iter().filter(|check| check.status == Status::Unknown) {
        assert!(check.advice.contains("could not be read"), "{check:?}");
    }
}

#[test]
fn agents_that_were_not_named_do_not_matter() {
    let mut spoiled = observation();
    server(&mut spoiled).sessions.remove("coder0");
    let lead = Scope { agents: Some(vec!["lead".parse().unwrap()]), strict: true };
    assert!(run(&target(), &spoiled, &facts(), &lead).passed);
    let coder = Scope { agents: Some(vec!["coder0".parse().unwrap()]), strict: false };
    assert!(!run(&target(), &spoiled, &facts(), &coder).passed);
}

#[test]
fn a_roster_that_cannot_be_read_fails() {
    let mut no_roster = observation();
    no_roster.roster.now = failed("roster.yaml:3:1: garbage");
    let by_the_last = run(&target(), &no_roster, &facts(), &Scope::default());
    assert_eq!(bad(&by_the_last), ["roster - fail"]);
    no_roster.roster.last_good = None;
    let verification = run(&target(), &no_roster, &facts(), &Scope::default());
    assert_eq!(verification.exit_code(), ExitCode::CheckFailed);
    assert_eq!(verification.checks[0].name, CheckName::Roster);
}
