//! Random operations on a running fleet. After each of them, `mosaic fleet ps` agrees with what the kernel and tmux
//! say, no other agent than the operation's own has ended, and following the printed advice, and only that, brings the
//! fleet back within three rounds without ending a living agent.
//!
//! `MOSAIC_TEST_SEED` (default 1) chooses the order, `MOSAIC_TEST_OPERATIONS` the number; by default each kind of
//! operation is done once.

mod advice;
mod operation;
mod scene;

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use mosaic_harness::{Deadline, ProcessWatch, RosterFleet};
use serde_json::Value;

use self::operation::{Ends, OPERATIONS, Operation};
use self::scene::{AGENTS, SPARE, Scene};

/// The rounds of advice after which the fleet has to be as the roster says.
const ROUNDS: usize = 3;

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

#[test]
fn after_any_operation_the_printed_advice_brings_the_fleet_back() {
    assert!(OPERATIONS.len() >= 40, "{} kinds", OPERATIONS.len());
    let seed = setting("MOSAIC_TEST_SEED", 1);
    let count = usize::try_from(setting("MOSAIC_TEST_OPERATIONS", OPERATIONS.len() as u64)).unwrap();
    let mut random = fastrand::Rng::with_seed(seed);
    let Some(scene) = Scene::start_or_skip() else { return };
    follow_advice(&scene);
    let mut done = 0;
    while done < count {
        // Each kind is done once before any is done again.
        let mut order: Vec<&Operation> = OPERATIONS.iter().collect();
        random.shuffle(&mut order);
        for operation in order.into_iter().take(count - done) {
            let agent = *random.choice(&AGENTS).unwrap();
            done += 1;
            println!("{done} (seed {seed}): {} [{agent}]", operation.name);
            run(&scene, operation, agent);
            // A stopped fleet is as it should be, but later operations are to meet a running one more often than not.
            if random.u8(..3) > 0 {
                scene.mosaic(&["fleet", "start"]);
                follow_advice(&scene);
            }
        }
    }
}

/// Does one operation and checks what it leaves.
fn run(scene: &Scene, operation: &Operation, agent: &str) {
    let before = scene.living();
    let roster = scene.fleet.roster();
    (operation.run)(scene, agent);
    for (name, process) in &before {
        let may_end = match operation.ends {
            Ends::Nothing => false,
            Ends::TheAgent => name == agent,
            Ends::AnyAgent => true,
        } || name == SPARE;
        assert!(may_end || !process.is_dead(), "'{}' for {agent} has ended {name}", operation.name);
    }
    let names = |roster: &str| AGENTS.map(|agent| roster.contains(&format!("name: {agent}")));
    assert_eq!(names(&scene.fleet.roster()), names(&roster), "the roster has lost an agent");
    wait_for_agreement(scene);
    follow_advice(scene);
}

/// Waits until `mosaic fleet ps` says of every agent what the kernel and tmux say.
fn wait_for_agreement(scene: &Scene) {
    let deadline = Deadline::default();
    loop {
        let (living, panes) = (scene.living(), scene.panes());
        let (_, snapshot) = scene.fleet.ps_by(scene.command(&["fleet", "ps", "--json"]));
        let later = scene.living();
        let agents = scene.agents();
        let contradictions: Vec<String> = agents
            .iter()
            .filter(|agent| pid_of(&living, agent) == pid_of(&later, agent))
            .filter_map(|agent| contradiction(agent, pid_of(&living, agent), panes.as_ref(), &snapshot))
            .collect();
        let doubled = scene.doubled();
        if contradictions.is_empty() && doubled.is_empty() {
            return;
        }
        assert!(!deadline.passed(), "{contradictions:#?}, more than one process: {doubled:?}, {snapshot:#}");
        // The cause may be a process, a file or the passing of time, so there is no event to wait for.
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn pid_of(living: &BTreeMap<String, ProcessWatch>, agent: &str) -> Option<u32> {
    living.get(agent).map(ProcessWatch::pid)
}

/// What the snapshot says of an agent against what is known of its process and its pane.
fn contradiction(
    agent: &str,
    process: Option<u32>,
    panes: Option<&BTreeMap<String, u32>>,
    snapshot: &Value,
) -> Option<String> {
    let seen = RosterFleet::agent_of(snapshot, agent);
    let condition = seen["condition"].as_str().unwrap();
    let runs = match (process, panes) {
        (Some(pid), Some(panes)) => panes.get(agent) == Some(&pid),
        (Some(_), None) => true,
        (None, _) => false,
    };
    let agrees = match condition {
        "up" | "stale" => runs,
        "dead" | "missing" | "stopped" => !runs,
        "starting" => true,
        _ => seen["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
    };
    (!agrees).then(|| format!("{agent} is {condition}, but its process is {process:?} and the panes are {panes:?}"))
}

/// Follows the advice that `verify` and `ps` print until `verify` passes.
fn follow_advice(scene: &Scene) {
    for round in 0..=ROUNDS {
        let output = scene.command(&["fleet", "verify", "--json", "--wait", "5"]).output().unwrap();
        if output.status.success() {
            return;
        }
        let verified: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", scene::describe(&output)));
        let (_, snapshot) = scene.fleet.ps_by(scene.command(&["fleet", "ps", "--json"]));
        let faults = advice::faults(&verified, &snapshot);
        if faults.is_empty() {
            return;
        }
        assert!(round < ROUNDS, "after {ROUNDS} rounds of advice: {faults:#?}");
        let commands = advice::commands(&faults);
        assert!(!commands.is_empty(), "no advised command: {faults:#?}");
        for command in commands {
            let before = scene.living();
            let output = scene.shell(&command);
            println!("    advice: {command}: {}", scene::describe(&output));
            for (agent, process) in before {
                assert!(!process.is_dead(), "the advice '{command}' has ended {agent}, which lived: {faults:#?}");
            }
        }
    }
}
