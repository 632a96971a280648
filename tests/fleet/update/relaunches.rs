//! Relaunches: one agent at a time, each when it is idle, until one fails; and dry runs.

use crate::update::update_fixture::{UpdateFleet, outcomes, pairs, stderr, stdout};

#[test]
fn each_agent_is_relaunched_after_the_previous_one_stayed_up() {
    let fleet = UpdateFleet::started(&["a", "b"]);
    let old = ["a", "b"].map(|agent| fleet.fleet.pane(agent));
    let (code, answer) = fleet.json(&[]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched"), ("b", "relaunched")])), "{answer:#}");
    let program = &answer["programs"][0];
    assert_eq!((&program["outcome"], &program["before"]), (&"updated".into(), &"1.0".into()), "{answer:#}");
    assert_eq!(
        (&program["version"], &program["back"]),
        (&"2.0".into(), &fleet.downgrade_command().into()),
        "{answer:#}"
    );
    assert_eq!(fleet.updates(), ["update --self"]);
    assert!(old.iter().all(|pane| pane.process().is_dead()));
    let [first, second] = ["a", "b"].map(|agent| fleet.starts(agent));
    assert_eq!((first.len(), second.len()), (2, 2));
    assert!(second[1] - first[1] >= 3.0, "the second was relaunched too early: {first:?} {second:?}");
    // Without a newer version nothing is relaunched, even if the same version was installed again.
    let (code, answer) = fleet.json(&["--drain", "1s"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "current"), ("b", "current")])), "{answer:#}");
    assert_eq!(answer["programs"][0]["outcome"], "same");
    assert_eq!((fleet.starts("a").len(), fleet.updates().len()), (2, 2));
}

#[test]
fn a_failed_relaunch_stops_the_update_and_prints_how_to_return_or_continue() {
    let fleet = UpdateFleet::started(&["a", "b"]);
    let second = fleet.fleet.pane("b");
    // A start succeeds after a quarter of a second.
    fleet.offer("2.0", "sleep 1; exit 7");
    let output = fleet.update(&[]);
    let stderr_text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).contains("a   failed: relaunched, but it did not stay up"), "{output:?}");
    assert!(stderr_text.contains("not relaunched: b\n"), "{stderr_text}");
    let back =
        format!("to return to pi 1.0: {}; then: mosaic fleet update --relaunch-only pi\n", fleet.downgrade_command());
    assert!(stderr_text.contains(&back), "{stderr_text}");
    assert!(stderr_text.contains("to continue: mosaic fleet update\n"), "{stderr_text}");
    assert!(!second.process().is_dead());
    // Follow the printed advice: the stopped agent runs again, and the other one still does.
    fleet.install("1.0", &fleet.agent());
    let (code, answer) = fleet.json(&["--relaunch-only", "a"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched")])), "{answer:#}");
    assert_eq!(fleet.starts("a").len(), 2, "the broken version records no start");
    assert_eq!(fleet.updates().len(), 1);
}

#[test]
fn a_busy_agent_stops_the_update_after_drain_unless_forced() {
    let fleet = UpdateFleet::started(&["a", "b"]);
    let [first, second] = ["a", "b"].map(|agent| fleet.fleet.pane(agent));
    fleet.report("a", "working");
    let output = fleet.update(&["--drain", "1s"]);
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert!(stdout(&output).contains("a   not relaunched: still busy: it reports that it is working"), "{output:?}");
    assert!(stderr(&output).contains("waiting up to 1 s until a is idle"), "{output:?}");
    assert!(stderr(&output).contains("not relaunched: b\n"), "{output:?}");
    assert!(!stderr(&output).contains("to return to"), "the program is not at fault: {output:?}");
    assert!(!first.process().is_dead() && !second.process().is_dead());
    // An agent that waits for a person is busy, too.
    fleet.report("a", "waiting");
    assert_eq!(fleet.update(&["--drain", "1s"]).status.code(), Some(75));
    // The updater finds nothing new, but the agents still run the old version.
    fleet.report("a", "idle");
    let (code, answer) = fleet.json(&["a"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched")])), "{answer:#}");
    assert_eq!(answer["programs"][0]["outcome"], "same");
    assert!(!second.process().is_dead());
    fleet.report("b", "working");
    let (code, answer) = fleet.json(&["--drain", "1s", "--force"]);
    let expected = pairs(&[("a", "current"), ("b", "relaunched")]);
    assert_eq!((code, outcomes(&answer)), (Some(0), expected), "{answer:#}");
    assert!(second.process().is_dead());
}

#[test]
fn an_agent_is_relaunched_when_it_becomes_idle() {
    let fleet = UpdateFleet::started(&["a"]);
    fleet.report("a", "working");
    let mut update = fleet.begin(&[]);
    update.wait_stderr("waiting up to 600 s until a is idle: it reports that it is working");
    assert_eq!(fleet.starts("a").len(), 1);
    fleet.report("a", "idle");
    let (status, stdout, stderr) = update.end();
    assert!(status.success() && stdout.contains("a   relaunched in "), "{stdout}{stderr}");
}

#[test]
fn stopped_agents_are_not_started() {
    let fleet = UpdateFleet::started(&["a", "b"]);
    fleet.ok(&["stop", "a"]);
    let (code, answer) = fleet.json(&[]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "not-running"), ("b", "relaunched")])), "{answer:#}");
    assert_eq!(fleet.fleet.sessions(), ["_holder", "b"]);
}

#[test]
fn relaunch_only_runs_no_updater() {
    let fleet = UpdateFleet::started(&["a"]);
    fleet.install("1.5", &fleet.agent());
    let (code, answer) = fleet.json(&["--relaunch-only"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched")])), "{answer:#}");
    assert_eq!((&answer["programs"][0]["outcome"], &answer["programs"][0]["version"]), (&"kept".into(), &"1.5".into()));
    assert_eq!(fleet.updates(), [""; 0]);
}

#[test]
fn dry_run_lists_programs_updaters_and_agents_and_changes_nothing() {
    let fleet = UpdateFleet::started(&["b", "a", "c"]);
    fleet.report("a", "working");
    fleet.ok(&["stop", "c"]);
    let output = fleet.update(&["--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let path = fleet.fleet.home().join(".npm-global/bin/pi");
    let planned = format!("pi  1.0, would be updated by: {} update --self; the package ", path.display());
    let expected = [
        "b   would be relaunched if the version changes; it is idle now".to_owned(),
        "a   would be relaunched if the version changes; it is busy now: it reports that it is working".to_owned(),
        "c   not running, and not started".to_owned(),
    ];
    let lines: Vec<String> = stdout(&output).lines().map(|line| line.chars().skip(2).collect()).collect();
    assert!(lines[0].starts_with(&planned) && lines[0].contains("To return: "), "{lines:?}");
    assert_eq!(lines[1..], expected);
    assert_eq!((fleet.updates(), fleet.starts("b").len()), (Vec::new(), 1));
    assert!(!fleet.fleet.run_directory().join(".update-record").exists());
    // The program has changed since the agents started, so that they need a relaunch in any case.
    fleet.install("1.5", &fleet.agent());
    let (code, answer) = fleet.json(&["--dry-run", "b"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("b", "planned-anyway")])), "{answer:#}");
    assert_eq!((&answer["dryRun"], &answer["programs"][0]["outcome"]), (&true.into(), &"planned".into()));
}

#[test]
fn an_agent_with_a_custom_command_is_skipped_unless_named() {
    let fleet = UpdateFleet::with_lines(&[("a", "exec pi"), ("own", "exec sh -c 'exec pi'")]);
    fleet.ok(&["start"]);
    for agent in ["a", "own"] {
        fleet.report(agent, "idle");
    }
    let (code, answer) = fleet.json(&[]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("own", "left-out"), ("a", "relaunched")])), "{answer:#}");
    assert_eq!(fleet.starts("own").len(), 1);
    let (code, answer) = fleet.json(&["own"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("own", "relaunched")])), "{answer:#}");
}
