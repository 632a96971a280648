//! `mosaic fleet start`, `stop`, `restart` and `install --relaunch` through the user manager.

use mosaic_harness::UnitFleet;
use rustix::process::Signal;
use std::process::Output;

/// A fleet with its units and a roster of these agents.
fn fleet_with(agents: &[&str]) -> Option<UnitFleet> {
    let fleet = UnitFleet::start_or_skip()?;
    let entries = agents.iter().map(|name| format!("  - name: {name}\n    runtime: pi\n    class: implementer\n"));
    let roster = format!("version: 1\ntransport: tmux\nagents:\n{}", entries.collect::<Vec<_>>().concat());
    let directory = fleet.fleet().mosaic_home().join("fleet");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("roster.yaml"), roster).unwrap();
    for agent in agents {
        fleet.settings(agent, &fleet.test_agent_command(agent), "");
    }
    Some(fleet)
}

/// `mosaic fleet …` with the installed program.
fn mosaic(fleet: &UnitFleet, words: &[&str]) -> Output {
    let installed = fleet.fleet().mosaic_home().join("tools/fleet/mosaic");
    fleet.manager().command(installed).arg("fleet").args(words).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The standard output of a command that must succeed without messages.
fn mosaic_ok(fleet: &UnitFleet, words: &[&str]) -> String {
    let output = mosaic(fleet, words);
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""), "{output:?}");
    stdout(&output)
}

/// The line about one agent or the holder.
fn line_of<'a>(answer: &'a str, subject: &str) -> &'a str {
    let named = |line: &&str| line.split_whitespace().nth(1) == Some(subject);
    answer.lines().find(named).unwrap_or_else(|| panic!("no line about {subject}: {answer}"))
}

#[test]
fn start_without_names_starts_holder_and_agents_and_is_idempotent() {
    let Some(fleet) = fleet_with(&["coder0", "coder1"]) else { return };
    let answer = mosaic_ok(&fleet, &["start"]);
    for subject in ["coder0", "coder1", "(holder)"] {
        assert!(line_of(&answer, subject).contains("started in "), "{answer}");
    }
    assert_eq!(fleet.sessions(), ["_holder", "coder0", "coder1"]);
    assert_eq!([fleet.state("coder0"), fleet.state("coder1")], ["active", "active"]);
    let before = fleet.fleet().pane("coder0").pid();
    let again = mosaic_ok(&fleet, &["start"]);
    assert!(line_of(&again, "coder0").contains("already running"), "{again}");
    assert_eq!(fleet.fleet().pane("coder0").pid(), before);
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["gen"], "1");
}

#[test]
fn stop_with_a_name_keeps_the_others_and_stop_without_names_stops_all() {
    let Some(fleet) = fleet_with(&["coder0", "coder1"]) else { return };
    mosaic_ok(&fleet, &["start"]);
    // An agent that is not in the roster.
    let orphan = fleet.start("orphan");
    let (first, second) = (fleet.fleet().pane("coder0"), fleet.fleet().pane("coder1"));
    let answer = mosaic_ok(&fleet, &["stop", "coder0"]);
    assert!(line_of(&answer, "coder0").contains("stopped in "), "{answer}");
    assert!(first.process().is_dead());
    assert_eq!(fleet.sessions(), ["_holder", "coder1", "orphan"]);
    let answer = mosaic_ok(&fleet, &["stop"]);
    assert!(line_of(&answer, "coder0").contains("not running"), "{answer}");
    assert!(line_of(&answer, "orphan").contains("stopped in "), "{answer}");
    assert!(answer.lines().last().unwrap().contains("(holder)"), "the holder goes last: {answer}");
    assert!(second.process().is_dead() && orphan.process().is_dead());
    assert_eq!(fleet.manager().is_active(UnitFleet::HOLDER), "inactive");
    assert_eq!(fleet.sessions(), [""; 0]);
    for agent in ["coder0", "coder1", "orphan"] {
        assert_eq!(fleet.fleet().heartbeat(agent).unwrap()["status"], "stopped");
    }
}

#[test]
fn restart_makes_new_processes_and_starts_inactive_agents() {
    let Some(fleet) = fleet_with(&["coder0", "coder1"]) else { return };
    mosaic_ok(&fleet, &["start", "coder0"]);
    let old = fleet.fleet().pane("coder0");
    let answer = mosaic_ok(&fleet, &["restart"]);
    assert!(line_of(&answer, "coder0").contains("restarted in "), "{answer}");
    assert!(line_of(&answer, "coder1").contains("started in "), "{answer}");
    assert!(old.process().is_dead());
    assert_ne!(fleet.fleet().pane("coder0").pid(), old.pid());
    assert_eq!(fleet.sessions(), ["_holder", "coder0", "coder1"]);
}

#[test]
fn a_failed_start_is_reported_with_its_exit_and_the_others_run() {
    let Some(fleet) = fleet_with(&["coder0", "coder1", "coder2"]) else { return };
    fleet.settings("coder0", "exit 7", "");
    fleet.settings("coder2", "exit 0", "");
    let output = mosaic(&fleet, &["start"]);
    let answer = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{answer}");
    let line = line_of(&answer, "coder0");
    assert!(line.contains("failed: ") && line.contains("exit status 7"), "{line}");
    assert!(line.ends_with("see: mosaic agent logs coder0"), "{line}");
    // A shell that waits for the disk before it exits counts as started, but not every time.
    let is_reported = |answer: &str| line_of(answer, "coder2").contains("failed: its command ended at once");
    let is_reported_again = || is_reported(&stdout(&mosaic(&fleet, &["restart", "coder2"])));
    assert!(is_reported(&answer) || (0..3).any(|_| is_reported_again()), "{answer}");
    assert!(line_of(&answer, "coder1").contains("started in "), "{answer}");
    // The advised command finds the record.
    assert_eq!(fleet.manager().journal(&["--user", "AGENT=coder0"])[0]["EXIT"], "code:7");
}

#[test]
fn a_unit_that_failed_too_often_can_be_started_by_hand() {
    let Some(fleet) = fleet_with(&["coder0"]) else { return };
    fleet.drop_in("coder0", "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n");
    fleet.settings("coder0", "exit 7", "");
    assert_eq!(mosaic(&fleet, &["start"]).status.code(), Some(1));
    fleet.wait_state("coder0", "failed");
    fleet.settings("coder0", &fleet.test_agent_command("coder0"), "");
    mosaic_ok(&fleet, &["start"]);
    assert_eq!(fleet.state("coder0"), "active");
}

#[test]
fn a_start_without_unit_files_advises_an_install() {
    let Some(fleet) = fleet_with(&["coder0"]) else { return };
    std::fs::remove_file(fleet.manager().unit_directory().join("mosaic-agent@.service")).unwrap();
    fleet.manager().systemctl_ok(&["daemon-reload"]);
    let output = mosaic(&fleet, &["start", "coder0"]);
    assert_eq!(output.status.code(), Some(69));
    assert!(line_of(&stdout(&output), "coder0").contains("run 'mosaic fleet install'"), "{output:?}");
}

#[test]
fn a_hung_manager_is_an_error_and_nothing_is_started_directly() {
    let Some(fleet) = fleet_with(&["coder0"]) else { return };
    let managers = fleet.fleet().processes_named("systemd");
    let signal = |signal: Signal| {
        for pid in &managers {
            mosaic_harness::ProcessWatch::new(*pid).unwrap().signal(signal.as_raw());
        }
    };
    assert!(!managers.is_empty());
    signal(Signal::STOP);
    for order in ["start", "stop", "restart"] {
        let output = mosaic(&fleet, &[order]);
        assert_eq!(output.status.code(), Some(69), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("did not answer within"), "{output:?}");
    }
    signal(Signal::CONT);
    assert_eq!(fleet.sessions(), [""; 0]);
    assert_eq!(fleet.fleet().heartbeat("coder0"), None);
}

#[test]
fn an_agent_started_by_hand_is_adopted_and_stopped_like_any_other() {
    let Some(fleet) = fleet_with(&["coder0"]) else { return };
    let by_hand = || {
        let launcher = fleet.fleet().mosaic_home().join("tools/fleet/start-agent-session");
        let mut launch = fleet.manager().command(launcher);
        let done =
            launch.arg("coder0").env("MOSAIC_AGENT_COMMAND", fleet.test_agent_command("coder0")).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        fleet.fleet().pane("coder0")
    };
    let pane = by_hand();
    let answer = mosaic_ok(&fleet, &["start", "coder0"]);
    assert!(line_of(&answer, "coder0").contains("already running"), "{answer}");
    assert_eq!(fleet.state("coder0"), "active");
    assert!(!pane.process().is_dead());
    mosaic_ok(&fleet, &["stop", "coder0"]);
    assert!(pane.process().is_dead());
    // This one belongs to no unit.
    let pane = by_hand();
    let answer = mosaic_ok(&fleet, &["stop", "coder0"]);
    assert!(line_of(&answer, "coder0").contains("stopped in "), "{answer}");
    assert!(pane.process().is_dead());
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "stopped");
    let old = by_hand();
    mosaic_ok(&fleet, &["restart", "coder0"]);
    assert!(old.process().is_dead());
    assert_eq!(fleet.state("coder0"), "active");
}

#[test]
fn a_server_started_by_hand_is_used_and_not_stopped() {
    let Some(fleet) = fleet_with(&["coder0"]) else { return };
    assert!(fleet.fleet().tmux_server(&["new-session", "-d", "-s", "mine", "sleep", "1000"]).status.success());
    let output = mosaic(&fleet, &["start"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let answer = stdout(&output);
    let server = format!("process {}, was not started by it", fleet.server().pid());
    assert!(line_of(&answer, "(holder)").contains(&server), "{answer}");
    assert!(line_of(&answer, "coder0").contains("started in "), "{answer}");
    mosaic_ok(&fleet, &["stop"]);
    assert_eq!(fleet.sessions(), ["mine"]);
    // As the advice says: when the other sessions have ended, a start starts the holder.
    assert!(fleet.fleet().tmux(&["kill-session", "-t", "=mine:"]).status.success());
    let answer = mosaic_ok(&fleet, &["start"]);
    assert!(line_of(&answer, "(holder)").contains("started in "), "{answer}");
    assert_eq!(fleet.sessions(), ["_holder", "coder0"]);
}

#[test]
fn a_start_beyond_the_timeout_is_reported_as_unfinished() {
    let Some(fleet) = fleet_with(&["coder0"]) else { return };
    fleet.drop_in("coder0", "[Service]\nExecStartPre=/bin/sleep 1000\n");
    let output = mosaic(&fleet, &["start", "coder0", "--timeout", "2"]);
    assert_eq!(output.status.code(), Some(1));
    let answer = stdout(&output);
    assert!(line_of(&answer, "coder0").contains("not finished in time (activating, start-pre)"), "{answer}");
}

#[test]
fn agents_of_a_manager_that_is_out_of_reach_are_not_ended() {
    let Some(fleet) = fleet_with(&["coder0"]) else { return };
    mosaic_ok(&fleet, &["start"]);
    let pane = fleet.fleet().pane("coder0");
    let installed = fleet.fleet().mosaic_home().join("tools/fleet/mosaic");
    for order in ["stop", "restart"] {
        // A shell of cron or sudo.
        let mut elsewhere = fleet.manager().command(&installed);
        let output = elsewhere.args(["fleet", order]).env("XDG_RUNTIME_DIR", "/nonexistent").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(line_of(&stdout(&output), "coder0").contains("check that XDG_RUNTIME_DIR is set"), "{output:?}");
    }
    assert!(!pane.process().is_dead());
    assert_eq!(fleet.sessions(), ["_holder", "coder0"]);
}

/// `mosaic fleet install --relaunch`.
fn relaunch(fleet: &UnitFleet) -> Output {
    mosaic(fleet, &["install", "--relaunch"])
}

#[test]
fn install_with_relaunch_restarts_running_agents_one_by_one() {
    let Some(fleet) = fleet_with(&["coder0", "coder1", "coder2"]) else { return };
    mosaic_ok(&fleet, &["start", "coder0", "coder1"]);
    let old = ["coder0", "coder1"].map(|agent| fleet.fleet().pane(agent));
    let output = relaunch(&fleet);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for (agent, old) in ["coder0", "coder1"].into_iter().zip(old) {
        assert!(line_of(&stdout(&output), agent).contains("restarted in "), "{output:?}");
        assert!(old.process().is_dead());
        assert_eq!(fleet.state(agent), "active");
    }
    assert_eq!(fleet.sessions(), ["_holder", "coder0", "coder1"], "stopped agents stay stopped");
}

#[test]
fn install_with_relaunch_stops_at_the_first_failed_agent() {
    let Some(fleet) = fleet_with(&["coder0", "coder1", "coder2"]) else { return };
    mosaic_ok(&fleet, &["start"]);
    let old = ["coder0", "coder2"].map(|agent| fleet.fleet().pane(agent));
    fleet.settings("coder1", "exit 7", "");
    let output = relaunch(&fleet);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(line_of(&stdout(&output), "coder0").contains("restarted in "), "{output:?}");
    assert!(line_of(&stdout(&output), "coder1").contains("exit status 7"), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("not restarted: coder2\n"), "{stderr}");
    assert_eq!(old.map(|pane| pane.process().is_dead()), [true, false]);
}

#[test]
fn an_unknown_agent_is_refused_before_any_change() {
    let Some(fleet) = fleet_with(&["coder0", "coder1"]) else { return };
    for order in ["start", "stop", "restart", "status"] {
        let output = mosaic(&fleet, &[order, "coder0", "coder"]);
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("'coder'") && stderr.contains("coder0 or coder1"), "{stderr}");
    }
    assert_eq!(fleet.sessions(), [""; 0]);
}

#[test]
fn json_output_reports_each_agent() {
    let Some(fleet) = fleet_with(&["coder0", "coder1"]) else { return };
    fleet.settings("coder1", "exit 7", "");
    let output = mosaic(&fleet, &["start", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let mut answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["order"], &answer["ok"]), (&"start".into(), &false.into()));
    assert_eq!(answer["holder"]["outcome"], "started");
    let agents = answer["agents"].as_array_mut().unwrap();
    agents.sort_by_key(|agent| agent["name"].to_string());
    assert_eq!((&agents[0]["name"], &agents[0]["outcome"]), (&"coder0".into(), &"started".into()));
    assert_eq!((&agents[1]["outcome"], &agents[1]["ok"]), (&"failed".into(), &false.into()));
    assert!(agents[1]["reason"].as_str().unwrap().contains("exit status 7"), "{answer}");
}

#[test]
fn status_prints_one_line_per_agent_and_sets_the_exit_code() {
    let Some(fleet) = fleet_with(&["coder0", "coder1"]) else { return };
    mosaic_ok(&fleet, &["start"]);
    let answer = mosaic_ok(&fleet, &["status"]);
    assert!(line_of(&answer, "coder0").contains("up") && line_of(&answer, "coder0").contains("active (running)"));
    mosaic_ok(&fleet, &["stop", "coder1"]);
    let output = mosaic(&fleet, &["status"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(line_of(&stdout(&output), "coder1").contains("stopped by "), "{output:?}");
    mosaic_ok(&fleet, &["status", "coder0"]);
    let listed: serde_json::Value = serde_json::from_slice(&mosaic(&fleet, &["status", "--json"]).stdout).unwrap();
    assert_eq!((&listed[0]["name"], &listed[0]["condition"]), (&"coder0".into(), &"up".into()));
}

/// The condition of an agent, and who stopped it.
fn condition(fleet: &UnitFleet, agent: &str) -> (String, serde_json::Value) {
    let snapshot: serde_json::Value = serde_json::from_str(&mosaic_ok(fleet, &["ps", "--json"])).unwrap();
    let agents = snapshot["agents"].as_array().unwrap();
    let agent = agents.iter().find(|listed| listed["name"] == agent).unwrap();
    (agent["condition"].as_str().unwrap().to_owned(), agent["stopped"]["by"].clone())
}

#[test]
fn a_fleet_that_was_stopped_on_request_is_no_fault() {
    let Some(fleet) = fleet_with(&["coder0", "coder1"]) else { return };
    assert!(mosaic(&fleet, &["install"]).status.success());
    mosaic_ok(&fleet, &["start"]);
    mosaic_ok(&fleet, &["stop"]);
    let record = fleet.fleet().mosaic_home().join("fleet/stopped/coder0");
    let by = std::fs::read_to_string(&record).unwrap();
    let by = by.lines().find_map(|line| line.strip_prefix("by=")).unwrap().to_owned();
    assert_eq!(condition(&fleet, "coder0"), ("stopped".to_owned(), by.as_str().into()));
    let page = mosaic_ok(&fleet, &["ps"]);
    assert!(page.contains("2 stopped") && page.contains("holder stopped") && !page.contains("drift"), "{page}");
    let verified = mosaic(&fleet, &["verify", "--json"]);
    let verification: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    let failed: Vec<_> =
        verification["checks"].as_array().unwrap().iter().filter(|check| check["status"] == "fail").collect();
    let of_agents = |check: &&&serde_json::Value| {
        !matches!(check["name"].as_str().unwrap(), "linger" | "runtime" | "drift" | "orchestrator")
    };
    assert_eq!(failed.iter().filter(of_agents).count(), 0, "{failed:#?}");

    // As after a boot: the run directory is empty, and a person has disabled the unit.
    std::fs::remove_file(fleet.fleet().heartbeat_path("coder0")).unwrap();
    fleet.manager().systemctl_ok(&["disable", &UnitFleet::unit("coder0")]);
    assert_eq!(condition(&fleet, "coder0").0, "stopped");

    // Every start ends it, also one that mosaic does not make.
    fleet.manager().systemctl_ok(&["start", &UnitFleet::unit("coder0")]);
    assert!(!record.exists());
    assert_eq!(condition(&fleet, "coder0"), ("up".to_owned(), serde_json::Value::Null));
    fleet.settings("coder1", "exit 7", "");
    assert_eq!(mosaic(&fleet, &["start", "coder1"]).status.code(), Some(1));
    assert_ne!(condition(&fleet, "coder1").0, "stopped");
}

#[test]
fn a_restart_that_another_command_supersedes_is_busy() {
    let Some(fleet) = fleet_with(&["coder0"]) else { return };
    // It is killed only after the grace period of a stop.
    fleet.settings("coder0", "trap '' TERM HUP; while sleep 0.1; do :; done", "");
    mosaic_ok(&fleet, &["start"]);
    let installed = fleet.fleet().mosaic_home().join("tools/fleet/mosaic");
    let mut restart = fleet.manager().command(installed);
    let restart = restart.args(["fleet", "restart", "coder0"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    fleet.wait_state("coder0", "deactivating");
    mosaic_ok(&fleet, &["stop", "coder0"]);
    let output = restart.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert!(line_of(&stdout(&output), "coder0").contains("failed: "), "{output:?}");
}
