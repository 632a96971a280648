//! What `ps --json` and `verify --json` print is what others build on: the form is kept, and what
//! it says is so.
//!
//! Every snapshot and every verification that any test takes is checked against the shipped schema.

use jiff::Timestamp;
use mosaic_harness::{Binaries, Deadline, Fleet, Frozen, ProcessWatch, RosterFleet, ShippedSchema, UnitFleet};
use rustix::process::Signal;
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

/// The agent that things happen to.
const CODER: &str = "coder0";

fn fleet() -> Option<RosterFleet> {
    RosterFleet::up_or_skip(&["mos", CODER])
}

/// Name, agent and how it went, of the required checks that did not pass.
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

fn moment(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// The names of an object's fields, those of the objects in it too.
fn fields(value: &Value, of: &[&str]) -> Vec<String> {
    let object = value.as_object().unwrap();
    let inner =
        of.iter().flat_map(|name| object[*name].as_object().unwrap().keys().map(move |key| format!("{name}.{key}")));
    object.keys().cloned().chain(inner).collect()
}

#[test]
fn a_snapshot_says_what_is_there_in_the_words_that_others_read() {
    let Some(fleet) = fleet() else { return };
    let files = fleet.units().fleet();
    let (pane, server, sidecar) = (files.pane(CODER), fleet.units().server(), fleet.units().sidecar(CODER));
    pane.print("hello");
    let beat = files.heartbeat(CODER).unwrap();
    let said_at = Timestamp::now();
    let report = format!(
        "ts={said_at:.3}\nboot={}\nmono={}\nactivity=waiting\nreason=permission: Bash\n",
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
        (&agent["activity"]["since"], format!("{said_at:.3}").into()),
    ];
    for (nth, (found, expected)) in expected.iter().enumerate() {
        assert_eq!(*found, expected, "row {nth}: {snapshot:#}");
    }
    for source in ["roster", "tmux", "systemd", "heartbeat", "process"] {
        let report = &snapshot["sources"][source];
        assert!(report["ok"] == true && report["durationMs"].is_f64(), "{source}: {report:#}");
    }
    assert!(moment(&snapshot["observedAt"]) >= before.round(jiff::Unit::Millisecond).unwrap());
    for past in [
        &snapshot["holder"]["since"],
        &agent["session"]["processSince"],
        &agent["session"]["lastOutput"],
        &agent["unit"]["since"],
        &agent["heartbeat"]["ts"],
    ] {
        let age = before.duration_since(moment(past)).as_secs();
        assert!((0..3600).contains(&age), "{past} is not what has just been: {snapshot:#}");
    }
    assert!(agent["heartbeat"]["ageMs"].as_u64().unwrap() < 45_000);
    let usage = &agent["usage"];
    assert!(usage["memoryBytes"].as_u64().unwrap() > 100_000 && usage["cpuSeconds"].is_f64(), "{usage:#}");
    // Itself; where the kernel keeps the group's accounts, its sidecar too.
    assert!(usage["tasks"].as_u64().unwrap() >= 1, "{usage:#}");
}

#[test]
fn every_field_is_there_whatever_is_known() {
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
    // The schema asks for them all.
    for field in snapshot.as_object().unwrap().keys() {
        let mut without = snapshot.clone();
        without.as_object_mut().unwrap().remove(field);
        assert!(!ShippedSchema::Ps.faults(&without).is_empty(), "{field} may be left out");
    }
    let mut wrong = snapshot.clone();
    wrong["agents"][0]["condition"] = "fine".into();
    assert!(!ShippedSchema::Ps.faults(&wrong).is_empty());
    let mut wrong = fleet.verify(&[]).1;
    wrong["checks"][0]["status"] = "skipped".into();
    assert!(!ShippedSchema::Verify.faults(&wrong).is_empty());
}

#[test]
fn a_verification_fails_where_something_is_wrong_and_there_alone() {
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
    // It says of each what it has seen.
    let heartbeat = check(&broken, "heartbeat", CODER);
    assert!(heartbeat["evidence"].as_str().unwrap().contains("exited"), "{heartbeat:#}");

    let (code, of_another) = fleet.verify(&["mos"]);
    assert_eq!((code, not_passed(&of_another)), (Some(0), vec![]), "{of_another:#}");
    let unknown = fleet.mosaic(&["fleet", "verify", "coder1"]);
    assert_eq!(unknown.status.code(), Some(64), "{unknown:?}");
    assert!(String::from_utf8(unknown.stderr).unwrap().contains(CODER));
}

#[test]
fn a_verification_that_could_not_look_is_neither_passed_nor_failed() {
    let Some(fleet) = fleet() else { return };
    // Nothing here can say whether somebody lingers; whoever wants to know it does not learn it.
    let (code, strict) = fleet.verify(&["--strict"]);
    assert_eq!((code, not_passed(&strict)), (Some(69), vec!["linger - unknown".to_owned()]), "{strict:#}");

    let found = fleet.units().fleet().processes_named("systemd");
    let _manager = Frozen::new(ProcessWatch::new(found[0]).unwrap());
    let (code, blind) = fleet.verify(&[]);
    assert_eq!(code, Some(69), "{blind:#}");
    let of = |agent: &str| ["unit-active", "control-group"].map(|name| format!("{name} {agent} unknown"));
    let fleets = |name: &str| [format!("{name} - unknown")];
    let units = [fleets("holder-unit"), fleets("systemd-version")].concat();
    let expected = [&units[..], &of("mos")[..], &of(CODER)[..], &fleets("drift")[..]].concat();
    assert_eq!(not_passed(&blind), expected);
}

/// A cron job's shell, say, knows nothing of the manager. What that made is there all the same.
#[test]
fn a_manager_that_is_not_found_from_here_excuses_nothing() {
    let Some(fleet) = fleet() else { return };
    fleet.units().manager().systemctl_ok(&["disable", &UnitFleet::unit(CODER)]);
    let output = fleet.command(&["fleet", "verify", "--json"]).env("XDG_RUNTIME_DIR", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let verification: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(check(&verification, "unit-active", CODER)["status"], "unknown");
    assert_eq!(check(&verification, "unit-enabled", CODER)["status"], "fail");
}

/// It would end with the login that it belongs to, and every agent with it.
#[test]
fn a_server_that_somebody_started_by_hand_is_no_holder() {
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", CODER], "15") else { return };
    let server = fleet.units().fleet().tmux_server(&["new-session", "-d", "-s", "_holder", "sleep infinity"]);
    assert!(server.status.success(), "{server:?}");
    fleet.start(&["mos", CODER]);
    assert_eq!(fleet.drift(), []);
    let (code, verification) = fleet.verify(&[]);
    assert_eq!((code, not_passed(&verification)), (Some(1), vec!["holder-unit - fail".to_owned()]), "{verification:#}");
}

#[test]
fn that_a_unit_was_started_once_is_no_evidence() {
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
fn a_verification_that_waits_ends_when_the_last_agent_is_up() {
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["mos", CODER], "15") else { return };
    let everything = [("holder-missing", "mosaic-factory"), ("session-missing", CODER), ("session-missing", "mos")];
    let everything = everything.map(|(kind, subject)| (kind.to_owned(), subject.to_owned()));
    assert_eq!(fleet.drift(), everything);
    fleet.start(&["mos"]);
    // The safety net of the tests is far shorter: it is the agent that ends it, not the time.
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
    // It looks, and looks again.
    process.wait_wake_ups(10);
    assert!(waiting.try_wait().unwrap().is_none());
    fleet.start(&[CODER]);
    let started = moment(&fleet.agent(CODER)["session"]["processSince"]);
    process.wait();
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let verification = ShippedSchema::Verify.read(&output.stdout);
    assert_eq!((&verification["passed"], not_passed(&verification)), (&true.into(), vec![]));
    assert!(moment(&verification["observedAt"]) > started);
}

#[test]
fn without_a_manager_and_without_a_roster_there_still_is_an_answer() {
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
    // Whether its user lingers is this machine's business.
    let mut drift = RosterFleet::drift_of(&snapshot);
    drift.retain(|(kind, _)| kind != "linger-off");
    assert_eq!(drift, [], "{snapshot:#}");
    let verified = mosaic(&["fleet", "verify", "--json"]);
    let verification = ShippedSchema::Verify.read(&verified.stdout);
    assert_eq!((verified.status.code(), not_passed(&verification)), (Some(0), vec![]), "{verification:#}");
    let _ = mosaic(&["fleet", "stop"]);
}
