//! `mosaic doctor` and the launch, with real programs and two versions of Node.

use mosaic_harness::{AgentPrograms, Fleet, ProgramSet, RosterFleet, ShippedSchema};
use serde_json::Value;

const ROSTER: &str =
    "version: 1\ntransport: tmux\ndefaults: { runtime: pi }\nagents: [ { name: coder0, class: orchestrator } ]\n";

/// A fleet with an agent that runs pi, whose env file records these programs.
fn installed(fleet: &RosterFleet, programs: &AgentPrograms) {
    fleet.write_roster(ROSTER);
    let output = fleet.command(&["fleet", "install"]).env("PATH", path(fleet, programs)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn path(fleet: &RosterFleet, programs: &AgentPrograms) -> String {
    programs.path(&fleet.units().fleet().environment()["PATH"])
}

/// The exit code of `doctor`, and what it says of a runtime.
fn doctor(fleet: &RosterFleet, programs: &AgentPrograms, runtime: &str) -> (Option<i32>, Value) {
    let output = fleet.command(&["doctor", "--json"]).env("PATH", path(fleet, programs)).output().unwrap();
    let diagnosis = ShippedSchema::Doctor.read(&output.stdout);
    let found = diagnosis["programs"].as_array().unwrap().iter().find(|program| program["runtime"] == runtime);
    (output.status.code(), found.unwrap_or_else(|| panic!("{diagnosis:#}")).clone())
}

#[test]
fn a_node_that_is_too_old_is_named_by_the_launch_and_by_doctor() {
    let Some(newest) = AgentPrograms::installed_or_skip() else { return };
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["coder0"], "15") else { return };
    let outdated = newest.clone().with("node", "20.20.2");
    let launch = |programs: &AgentPrograms| {
        fleet.command(&["pi", "--version"]).env("PATH", path(&fleet, programs)).output().unwrap()
    };
    let refused = launch(&outdated);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(69), "{message}");
    assert!(
        message.contains("pi 1.6.0 needs Node 22.19.0 or newer, and") && message.contains("is 20.20.2"),
        "{message}"
    );
    assert!(launch(&newest).status.success());

    installed(&fleet, &outdated);
    let (code, pi) = doctor(&fleet, &newest, "pi");
    let finding = pi["findings"].as_array().unwrap().iter().find(|finding| finding["level"] == "failure");
    let text = finding.unwrap_or_else(|| panic!("{pi:#}"))["text"].as_str().unwrap();
    assert!(text.starts_with("it needs Node 22.19.0 or newer, and ") && text.ends_with(" is 20.20.2"), "{text}");
    assert_eq!((code, &pi["agents"][0], &pi["version"]), (Some(1), &"coder0".into(), &"1.6.0".into()), "{pi:#}");

    let advice = finding.unwrap()["advice"].as_str().unwrap();
    let env_file = fleet.units().fleet().mosaic_home().join("fleet/agents/coder0.env");
    assert!(advice.contains(env_file.to_str().unwrap()), "{advice}");
    let settings = std::fs::read_to_string(&env_file).unwrap();
    let directory = |programs: &AgentPrograms| programs.file("node").parent().unwrap().display().to_string();
    std::fs::write(&env_file, settings.replace("PATH=", &format!("PATH={}:", directory(&newest)))).unwrap();
    let (code, pi) = doctor(&fleet, &outdated, "pi");
    assert_eq!((code, &pi["node"]["needed"]), (Some(0), &"22.19.0".into()), "the recorded search path counts: {pi:#}");
}

#[test]
fn doctor_shows_the_programs_that_no_agent_runs_and_a_package_that_is_not_continued() {
    let Some(older) = AgentPrograms::of_set_or_skip(ProgramSet::Older) else { return };
    let Some(fleet) = RosterFleet::installed_or_skip(Fleet::builder(), &["coder0"], "15") else { return };
    installed(&fleet, &older);
    let (code, claude) = doctor(&fleet, &older, "claude");
    assert_eq!((code, &claude["version"], &claude["tested"]), (Some(0), &"2.1.197".into(), &"known".into()));
    assert_eq!((claude["agents"].as_array().unwrap().len(), &claude["node"]), (0, &Value::Null), "{claude:#}");
    let (_, pi) = doctor(&fleet, &older, "pi");
    let note = &pi["findings"][0];
    assert!(note["text"].as_str().unwrap().contains("goes on as @earendil-works/pi-coding-agent"), "{pi:#}");
}
