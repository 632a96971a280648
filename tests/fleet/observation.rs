//! The output of `ps --json` and `verify --json`: its format is stable, and its values are correct.
//!
//! Every snapshot and every verification of a test is checked against the shipped schema.

use jiff::Timestamp;
use mosaic_harness::{Binaries, Deadline, Fleet, ProcessWatch, RosterFleet, ShippedSchema, StoppedProcess, UnitFleet};
use rustix::process::Signal;
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

/// The agent under test.
const CODER: &str = "coder0";

fn fleet() -> Option<RosterFleet> {
    RosterFleet::up_or_skip(&["mos", CODER])
}

/// Name, agent and status of the required checks that did not pass.
fn not_passed(verification: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let checks = verification["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["required"] == true && check["status"] != "pass")
        .inspect(|check| assert!(check["evidence"] != "" && check["advice"] != "", "{check:#}"))
        .map(|check| format!("{} {} {}", word(&check["name"]), word(&check["agent"]), word(&check["status"])))
        .collect()
}

fn check<'a>(verification: &'a Value, name: &str, agent: &str) -> &'a Value {
    let mut checks = verification["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name && check["agent"] == agent).unwrap()
}

fn timestamp(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// The names of an object's fields, including those of the given nested objects.
fn fields(value: &Value, of: &[&str]) -> Vec<String> {
    let object = value.as_object().unwrap();
    let inner =
        of.iter().flat_map(|name| object[*name].as_object().unwrap().keys().map(move |key| format!("{name}.{key}")));
    object.keys().cloned().chain(inner).collect()
}

#[test]
fn a_snapshot_has_the_documented_fields_and_values() {
    let Some(fleet) = fleet() else { return };
    let files = fleet.units().fleet();
    let (pane, server, sidecar) = (files.pane(CODER), fleet.units().server(), fleet.units().sidecar(CODER));
    pane.print("hello");
    let beat = files.heartbeat(CODER).unwrap();
    let reported_at = Timestamp::now();
    let report = format!(
        "ts={reported_at:.3}\nboot={}\nmono={}\nactivity=waiting\nreason=permission: Bash\n",
        beat["boot"], beat["mono"]
    );
    std::fs::write(files.run_directory().join("coder0.state"), report).unwrap();
    let listed = files.tmux(&["list-panes", "-t", "=coder0:", "-F", "#{pane_id}"]);
    let pane_id = String::from_utf8(listed.stdout).unwrap();

    let before = Timestamp::now();
    let snapshot = fleet.snapshot();
    let agent = RosterFleet::agent_of(&snapshot, CODER);
    let path = files.heartbeat_path(CODER);
    let expected = [
        (&snapshot["schema"], 1.into()),
        (&snapshot["socket"], "mosaic-factory".into()),
        (&snapshot["host"], rustix::system::uname().nodename().to_str().unwrap().into()),
        (&snapshot["holder"]["up"], true.into()),
        (&snapshot["holder"]["pid"], server.pid().into()),
        (&snapshot["drift"], Value::Array(Vec::new())),
        (&agent["host"], snapshot["host"].clone()),
        (&agent["tenant"], snapshot["tenant"].clone()),
        (&agent["runtime"], "pi".into()),
        (&agent["class"], "implementer".into()),
        (&agent["managed"], true.into()),
        (&agent["condition"], "up".into()),
        (&agent["reason"], Value::Null),
        (&agent["drift"], Value::Array(Vec::new())),
        (&agent["session"]["exists"], true.into()),
        (&agent["session"]["paneId"], pane_id.trim().into()),
        (&agent["session"]["panePid"], pane.pid().into()),
        (&agent["session"]["paneDead"], false.into()),
        (&agent["session"]["command"], "test-agent".into()),
        (&agent["unit"]["name"], "mosaic-agent@coder0.service".into()),
        (&agent["unit"]["active"], "active".into()),
        (&agent["unit"]["sub"], "running".into()),
        (&agent["unit"]["enabled"], true.into()),
        (&agent["heartbeat"]["health"], "healthy".into()),
        (&agent["heartbeat"]["intervalMs"], 15_000.into()),
        (&agent["heartbeat"]["pid"], pane.pid().into()),
        (&agent["heartbeat"]["sidecar"], sidecar.pid().into()),
        (&agent["heartbeat"]["status"], "ok".into()),
        (&agent["heartbeat"]["path"], path.to_str().unwrap().into()),
        (&agent["activity"]["state"], "waiting".into()),
        (&agent["activity"]["reason"], "permission: Bash".into()),
        (&agent["activity"]["since"], format!("{reported_at:.3}").into()),
    ];
    for (nth, (found, expected)) in expected.iter().enumerate() {
        assert_eq!(*found, expected, "row {nth}: {snapshot:#}");
    }
    for source in ["roster", "tmux", "systemd", "heartbeat", "process"] {
        let report = &snapshot["sources"][source];
        assert!(report["ok"] == true && report["durationMs"].is_f64(), "{source}: {report:#}");
    }
    assert!(timestamp(&snapshot["observedAt"]) >= before.round(jiff::Unit::Millisecond).unwrap());
    for past in [
        &snapshot["holder"]["since"],
        &agent["session"]["processSince"],
        &agent["session"]["lastOutput"],
        &agent["unit"]["since"],
        &agent["heartbeat"]["ts"],
    ] {
        let age = before.duration_since(timestamp(past)).as_secs();
        assert!((0..3600).contains(&age), "{past} is not a recent time: {snapshot:#}");
    }
    assert!(agent["heartbeat"]["ageMs"].as_u64().unwrap() < 45_000);
    let usage = &agent["usage"];
    assert!(usage["memoryBytes"].as_u64().unwrap() > 100_000 && usage["cpuSeconds"].is_f64(), "{usage:#}");
    // The agent, and also its sidecar if the kernel accounts the whole control group.
    assert!(usage["tasks"].as_u64().unwrap() >= 1, "{usage:#}");
}

#[test]
fn every_field_is_present_even_if_its_value_is_unknown() {
    const PARTS: [&str; 3] = ["session", "unit", "heartbeat"];
    let Some(fleet) = fleet() else { return };
    let usual = fields(&fleet.agent(CODER), &PARTS);
    fleet.units().manager().systemctl_ok(&["stop", &UnitFleet::unit(CODER)]);
    std::fs::remove_file(fleet.units().fleet().heartbeat_path(CODER)).unwrap();
    let made = fleet.units().fleet().tmux(&["new-session", "-d", "-s", "scratch"]);
    assert!(made.status.success(), "{made:?}");
    let snapshot = fleet.snapshot();
    for agent in [CODER, "scratch"] {
        assert_eq!(fields(&RosterFleet::agent_of(&snapshot, agent), &PARTS), usual);
    }
    // The schema requires all of them.
    for field in snapshot.as_object().unwrap().keys() {
        let mut without = snapshot.clone();
        without.as_object_mut().unwrap().remove(field);
        assert!(!ShippedSchema::Ps.violations(&without).is_empty(), "{field} may be left out");
    }
    let mut wrong = snapshot.clone();
    wrong["agents"][0]["condition"] = "fine".into();
    assert!(!ShippedSchema::Ps.violations(&wrong).is_empty());
    let mut wrong = fleet.verify(&[]).1;
    wrong["checks"][0]["status"] = "skipped".into();
    assert!(!ShippedSchema::Verify.violations(&wrong).is_empty());
}

#[test]
fn only_the_checks_of_the_broken_agent_fail() {
    let Some(fleet) = fleet() else { return };
    fleet.units().drop_in(CODER, "[Service]\nRestart=no\n");
    let (code, healthy) = fleet.verify(&[]);
    assert_eq!((code, not_passed(&healthy)), (Some(0), vec![]), "{healthy:#}");
    assert_eq!(healthy["passed"], true);

    fleet.units().fleet().pane(CODER).process().signal(Signal::KILL.as_raw());
    fleet.units().wait_state(CODER, "failed");
    let (code, broken) = fleet.verify(&["--wait", "1"]);
    assert_eq!((code, &broken["passed"]), (Some(1), &false.into()), "{broken:#}");
    let expected = ["session", "process", "heartbeat", "unit-active", "control-group"];
    let mut expected: Vec<_> = expected.map(|name| format!("{name} {CODER} fail")).into();
    expected.push("drift - fail".to_owned());
    assert_eq!(not_passed(&broken), expected);
    // Each failed check has its evidence.
    let heartbeat = check(&broken, "heartbeat", CODER);
    assert!(heartbeat["evidence"].as_str().unwrap().contains("exited"), "{heartbeat:#}");

    let (code, of_another) = fleet.verify(&["mos"]);
    assert_eq!((code, not_passed(&of_another)), (Some(0), vec![]), "{of_another:#}");
    let unknown = fleet.mosaic(&["fleet", "verify", "coder1"]);
    assert_eq!(unknown.status.code(), Some(64), "{unknown:?}");
    assert!(String::from_utf8(unknown.stderr).unwrap().contains(CODER));
}

#[test]
fn checks_without_a_source_are_unknown() {
    let Some(fleet) = fleet() else { return };
    // No logind runs here, so linger is unknown, which only `--strict` counts.
    let (code, strict) = fleet.verify(&["--strict"]);
    assert_eq!((code, not_passed(&strict)), (Some(69), vec!["linger - unknown".to_owned()]), "{strict:#}");

    let found = fleet.units().fleet().processes_named("systemd");
    let _manager = StoppedProcess::new(ProcessWatch::new(found[0]).unwrap());
    let (code, unavailable) = fleet.verify(&[]);
    assert_eq!(code, Some(69), "{unavailable:#}");
    let of = |agent: &str| ["unit-active", "control-group"].map(|name| format!("{name} {agent} unknown"));
    let fleets = |name: &str| [format!("{name} - unknown")];
    let units = [fleets("holder-unit"), fleets("systemd-version"), fleets("exporter")].concat();
    let expected = [&units[..], &of("mos")[..], &of(CODER)[..], &fleets("drift")[..]].concat();
    assert_eq!(not_passed(&unavailable), expected);
}

/// In the shell of a cron job the manager cannot be found, but its unit files can be read.
#[test]
fn an_unreachable_manager_still_fails_verification() {
    let Some(fleet) = fleet() else { return };
    fleet.units().manager().systemctl_ok(&["disable", &UnitFleet::unit(CODER)]);
    let output = fleet.command(&["fleet", "verify", "--json"]).env("XDG_RUNTIME_DIR", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let verification: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(check(&verification, "unit-active", CODER)["status"], "unknown");
    assert_eq!(check(&verification, "unit-enabled", CODER)["status"], "fail");
}

/// Such a server would end with its login session, and every agent with it.
#[test]
fn a_server_started_by_hand_is_not_a_holder() {
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", CODER], "15") else { return };
    let server = fleet.units().fleet().tmux_server(&["new-session", "-d", "-s", "_holder", "sleep infinity"]);
    assert!(server.status.success(), "{server:?}");
    fleet.start(&["mos", CODER]);
    assert_eq!(fleet.drift(), []);
    let (code, verification) = fleet.verify(&[]);
    assert_eq!((code, not_passed(&verification)), (Some(1), vec!["holder-unit - fail".to_owned()]), "{verification:#}");
}

#[test]
fn an_exited_oneshot_unit_does_not_pass_as_active() {
    let Some(fleet) = fleet() else { return };
    let unit = UnitFleet::unit(CODER);
    fleet.units().manager().systemctl_ok(&["stop", &unit]);
    fleet.units().drop_in(
        CODER,
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nRestart=no\nWatchdogSec=0\nExecStart=\n\
         ExecStart=%h/.config/mosaic/tools/fleet/start-agent-session %i\n",
    );
    fleet.start(&[CODER]);
    for alive in [true, false] {
        assert_eq!(fleet.units().show(CODER, ["ActiveState", "SubState"]), ["active", "exited"]);
        let (code, verification) = fleet.verify(&[]);
        assert_eq!(code, Some(1), "{verification:#}");
        let row = check(&verification, "unit-active", CODER);
        assert_eq!(row["status"], "fail");
        assert!(row["evidence"].as_str().unwrap().contains("active (exited)"), "{row:#}");
        assert_eq!(check(&verification, "process", CODER)["status"], if alive { "pass" } else { "fail" });
        assert_eq!(fleet.condition(CODER), if alive { "up" } else { "missing" });
        if alive {
            let killed = fleet.units().fleet().tmux(&["kill-session", "-t", "=coder0:"]);
            assert!(killed.status.success(), "{killed:?}");
        }
    }
}

#[test]
fn verify_wait_ends_when_the_last_agent_is_up() {
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", CODER], "15") else { return };
    let everything = [("holder-missing", "mosaic-factory"), ("session-missing", CODER), ("session-missing", "mos")];
    let everything = everything.map(|(kind, subject)| (kind.to_owned(), subject.to_owned()));
    assert_eq!(fleet.drift(), everything);
    fleet.start(&["mos"]);
    // The wait is longer than the deadline of the tests: the agent must end it.
    let mut command = fleet.command(&["fleet", "verify", "--wait", "3600", "--json"]);
    let mut waiting = command.stdout(Stdio::piped()).spawn().unwrap();
    let process = ProcessWatch::new(waiting.id()).unwrap();
    let watches = || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", process.pid())).into_iter().flatten().flatten();
        open.filter_map(|fd| std::fs::read_link(fd.path()).ok()).any(|target| target.ends_with("anon_inode:inotify"))
    };
    let deadline = Deadline::default();
    while !watches() {
        assert!(!deadline.passed() && !process.wait_for(Duration::from_millis(1)), "it does not wait");
    }
    // It observes repeatedly.
    process.wait_wake_ups(10);
    assert!(waiting.try_wait().unwrap().is_none());
    fleet.start(&[CODER]);
    let started = timestamp(&fleet.agent(CODER)["session"]["processSince"]);
    process.wait();
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let verification = ShippedSchema::Verify.read(&output.stdout);
    assert_eq!((&verification["passed"], not_passed(&verification)), (&true.into(), vec![]));
    assert!(timestamp(&verification["observedAt"]) > started);
}

#[test]
fn ps_and_verify_answer_without_a_manager_or_a_roster() {
    let fleet = Fleet::builder().tmux_socket("mosaic-factory").build();
    let mosaic = |arguments: &[&str]| fleet.command(Binaries::mosaic()).args(arguments).output().unwrap();
    let ps = |expected| {
        let output = mosaic(&["fleet", "ps", "--json"]);
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
        ShippedSchema::Ps.read(&output.stdout)
    };
    let without_roster = ps(78);
    assert_eq!(without_roster["sources"]["roster"]["ok"], false);
    assert_eq!((&without_roster["agents"], &without_roster["drift"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    let verified = mosaic(&["fleet", "verify", "--json"]);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    assert!(not_passed(&ShippedSchema::Verify.read(&verified.stdout)).contains(&"roster - fail".to_owned()));

    let roster = format!(
        "version: 1\ntransport: tmux\nagents:\n  - {{ name: solo, runtime: pi, class: canary, command: \"{}\" }}\n",
        fleet.agent_command("solo")
    );
    let path = fleet.mosaic_home().join("fleet/roster.yaml");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, roster).unwrap();
    for command in ["install", "start"] {
        let done = mosaic(&["fleet", command]);
        assert!(done.status.success(), "{done:?}");
    }
    let pane = fleet.pane("solo");
    let snapshot = ps(0);
    let agent = RosterFleet::agent_of(&snapshot, "solo");
    assert_eq!((&agent["condition"], &agent["unit"]), (&"up".into(), &Value::Null), "{snapshot:#}");
    assert_eq!(agent["session"]["panePid"], pane.pid());
    assert_eq!(snapshot["sources"]["systemd"]["ok"], false);
    // Linger depends on the machine that runs the test.
    let mut drift = RosterFleet::drift_of(&snapshot);
    drift.retain(|(kind, _)| kind != "linger-off");
    assert_eq!(drift, [], "{snapshot:#}");
    let verified = mosaic(&["fleet", "verify", "--json"]);
    let verification = ShippedSchema::Verify.read(&verified.stdout);
    assert_eq!((verified.status.code(), not_passed(&verification)), (Some(0), vec![]), "{verification:#}");
    let _ = mosaic(&["fleet", "stop"]);
}
