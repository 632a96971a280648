//! What would be done, and whose programs are nobody else's business.

use crate::stage::{Stage, outcomes, pairs, told};

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
