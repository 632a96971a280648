//! An ordinary user's manager serves that user as root's serves root.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::collections::BTreeSet;

use mosaic_harness::{Fleet, is_root_or_skip};
use mosaic_systemd::{JobOutcome, ManagerAddress, UnitDirectories, UserManager, Verb};
use world::{LIMIT, World, agent, beside, run};

#[test]
fn an_ordinary_user_runs_and_enables_units() {
    if beside() {
        let address = ManagerAddress::of_environment(|name| std::env::var_os(name));
        let manager = UserManager::connect(&address, LIMIT).unwrap();
        assert_eq!(manager.way(), "D-Bus");
        let outcomes = run(&manager, Verb::Start, &["good", "fail"], LIMIT).0;
        assert_eq!(outcomes, [JobOutcome::Done, JobOutcome::Failed]);
        manager.enable(&[agent("good")]).unwrap();
        manager.reload().unwrap();
        let directories = UnitDirectories::of_user(|name| std::env::var_os(name)).unwrap();
        assert_eq!(directories.enabled().unwrap(), BTreeSet::from([agent("good")]));
        assert_eq!(run(&manager, Verb::Stop, &["good"], LIMIT).0, [JobOutcome::Done]);
        return;
    }
    if !is_root_or_skip("a user manager of another user") {
        return;
    }
    let Some(world) = World::build_or_skip(Fleet::builder().owner(54_321, 54_321)) else { return };
    world.run_beside("an_ordinary_user_runs_and_enables_units", &[]);
}
