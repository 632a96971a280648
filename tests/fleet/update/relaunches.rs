//! Agents: one at a time, each when it is idle, until one fails; and the same command goes on.

use crate::update::update_fixture::{Stage, outcomes, pairs, said, told};

#[test]
fn one_after_the_other_each_once_the_one_before_has_stayed_up() {
    let stage = Stage::started(&["a", "b"]);
    let old = ["a", "b"].map(|agent| stage.fleet.pane(agent));
    let (code, answer) = stage.json(&[]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched"), ("b", "relaunched")])), "{answer:#}");
    let program = &answer["programs"][0];
    assert_eq!((&program["outcome"], &program["before"]), (&"updated".into(), &"1.0".into()), "{answer:#}");
    assert_eq!((&program["version"], &program["back"]), (&"2.0".into(), &stage.way_back().into()), "{answer:#}");
    assert_eq!(stage.updates(), ["update --self"]);
    assert!(old.iter().all(|pane| pane.process().is_dead()));
    let [first, second] = ["a", "b"].map(|agent| stage.starts(agent));
    assert_eq!((first.len(), second.len()), (2, 2));
    assert!(second[1] - first[1] >= 3.0, "the second was not left alone: {first:?} {second:?}");
    // Nothing newer: nothing to relaunch, also if the same version was installed once more.
    let (code, answer) = stage.json(&["--drain", "1s"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "current"), ("b", "current")])), "{answer:#}");
    assert_eq!(answer["programs"][0]["outcome"], "same");
    assert_eq!((stage.starts("a").len(), stage.updates().len()), (2, 2));
}

#[test]
fn the_first_that_does_not_stay_up_is_the_last_and_the_way_back_and_on_is_told() {
    let stage = Stage::started(&["a", "b"]);
    let second = stage.fleet.pane("b");
    // A start counts as one after a quarter of a second.
    stage.brings("2.0", "sleep 1; exit 7");
    let output = stage.update(&[]);
    let said_of_it = said(&output);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(told(&output).contains("a   failed: relaunched, but it did not stay up"), "{output:?}");
    assert!(said_of_it.contains("not relaunched: b\n"), "{said_of_it}");
    let back = format!("to return to pi 1.0: {}; then: mosaic fleet update --relaunch-only pi\n", stage.way_back());
    assert!(said_of_it.contains(&back), "{said_of_it}");
    assert!(said_of_it.contains("to continue: mosaic fleet update\n"), "{said_of_it}");
    assert!(!second.process().is_dead());
    // Back, as it was told; the agent that was stopped for the update runs again, the other one still does.
    stage.install("1.0", &stage.agent());
    let (code, answer) = stage.json(&["--relaunch-only", "a"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched")])), "{answer:#}");
    assert_eq!(stage.starts("a").len(), 2, "the broken one has noted nothing");
    assert_eq!(stage.updates().len(), 1);
}

#[test]
fn an_agent_at_work_is_waited_for_and_at_the_limit_it_is_the_operators_word_that_counts() {
    let stage = Stage::started(&["a", "b"]);
    let [first, second] = ["a", "b"].map(|agent| stage.fleet.pane(agent));
    stage.says("a", "working");
    let output = stage.update(&["--drain", "1s"]);
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert!(told(&output).contains("a   not relaunched: still busy: it reports that it is working"), "{output:?}");
    assert!(said(&output).contains("waiting up to 1 s until a is idle"), "{output:?}");
    assert!(said(&output).contains("not relaunched: b\n"), "{output:?}");
    assert!(!said(&output).contains("to return to"), "nothing is wrong with the program: {output:?}");
    assert!(!first.process().is_dead() && !second.process().is_dead());
    // Meanwhile it needs a person: that is no less.
    stage.says("a", "waiting");
    assert_eq!(stage.update(&["--drain", "1s"]).status.code(), Some(75));
    // The updater finds nothing new any more, and the agents are seen to be old nevertheless.
    stage.says("a", "idle");
    let (code, answer) = stage.json(&["a"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched")])), "{answer:#}");
    assert_eq!(answer["programs"][0]["outcome"], "same");
    assert!(!second.process().is_dead());
    stage.says("b", "working");
    let (code, answer) = stage.json(&["--drain", "1s", "--force"]);
    let expected = pairs(&[("a", "current"), ("b", "relaunched")]);
    assert_eq!((code, outcomes(&answer)), (Some(0), expected), "{answer:#}");
    assert!(second.process().is_dead());
}

#[test]
fn an_agent_that_becomes_idle_is_relaunched_then() {
    let stage = Stage::started(&["a"]);
    stage.says("a", "working");
    let mut underway = stage.begin(&[]);
    underway.wait_said("waiting up to 600 s until a is idle: it reports that it is working");
    assert_eq!(stage.starts("a").len(), 1);
    stage.says("a", "idle");
    let (status, told, said) = underway.end();
    assert!(status.success() && told.contains("a   relaunched in "), "{told}{said}");
}

#[test]
fn what_does_not_run_is_not_started() {
    let stage = Stage::started(&["a", "b"]);
    stage.ok(&["stop", "a"]);
    let (code, answer) = stage.json(&[]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "not-running"), ("b", "relaunched")])), "{answer:#}");
    assert_eq!(stage.fleet.sessions(), ["_holder", "b"]);
}

#[test]
fn who_updated_by_hand_has_only_the_agents_relaunched() {
    let stage = Stage::started(&["a"]);
    stage.install("1.5", &stage.agent());
    let (code, answer) = stage.json(&["--relaunch-only"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("a", "relaunched")])), "{answer:#}");
    assert_eq!((&answer["programs"][0]["outcome"], &answer["programs"][0]["version"]), (&"kept".into(), &"1.5".into()));
    assert_eq!(stage.updates(), [""; 0]);
}

// DOC What would be done, and whose programs are nobody else's business.

#[test]
fn a_plan_names_programs_updaters_and_agents_in_order_and_changes_nothing() {
    let stage = Stage::started(&["b", "a", "c"]);
    stage.says("a", "working");
    stage.ok(&["stop", "c"]);
    let output = stage.update(&["--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let path = stage.fleet.home().join(".npm-global/bin/pi");
    let expected = [
        format!("pi  1.0, would be updated by: {} update --self", path.display()),
        "b   would be relaunched if the version changes; it is idle now".to_owned(),
        "a   would be relaunched if the version changes; it is busy now: it reports that it is working".to_owned(),
        "c   not running, and not started".to_owned(),
    ];
    let lines: Vec<String> = told(&output).lines().map(|line| line.chars().skip(2).collect()).collect();
    assert_eq!(lines, expected);
    assert_eq!((stage.updates(), stage.starts("b").len()), (Vec::new(), 1));
    assert!(!stage.fleet.run_directory().join(".update-record").exists());
    // Of a program that was changed since it is known that they have to go.
    stage.install("1.5", &stage.agent());
    let (code, answer) = stage.json(&["--dry-run", "b"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("b", "planned-anyway")])), "{answer:#}");
    assert_eq!((&answer["dryRun"], &answer["programs"][0]["outcome"]), (&true.into(), &"planned".into()));
}

#[test]
fn a_line_of_the_sites_own_is_left_out_unless_it_is_named() {
    let stage = Stage::with_lines(&[("a", "exec pi"), ("own", "exec sh -c 'exec pi'")]);
    stage.ok(&["start"]);
    for agent in ["a", "own"] {
        stage.says(agent, "idle");
    }
    let (code, answer) = stage.json(&[]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("own", "left-out"), ("a", "relaunched")])), "{answer:#}");
    assert_eq!(stage.starts("own").len(), 1);
    let (code, answer) = stage.json(&["own"]);
    assert_eq!((code, outcomes(&answer)), (Some(0), pairs(&[("own", "relaunched")])), "{answer:#}");
}
