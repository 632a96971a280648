//! The manager of an ordinary user works as root's does.

use std::collections::BTreeSet;

use crate::fixture::{Fixture, LIMIT, agent, is_beside_manager, run};
use mosaic_harness::{Fleet, is_root_or_skip};
use mosaic_systemd::{JobOutcome, ManagerAddress, UnitDirectories, UserManager, Verb};

#[test]
fn an_ordinary_user_runs_and_enables_units() {
    if is_beside_manager() {
        let address = ManagerAddress::from_environment(|name| std::env::var_os(name));
        let manager = UserManager::connect(&address, LIMIT).unwrap();
        assert_eq!(manager.transport(), "D-Bus");
        let outcomes = run(&manager, Verb::Start, &["good", "fail"], LIMIT).0;
        assert_eq!(outcomes, [JobOutcome::Done, JobOutcome::Failed]);
        manager.enable(&[agent("good")]).unwrap();
        manager.reload().unwrap();
        let directories = UnitDirectories::from_environment(|name| std::env::var_os(name)).unwrap();
        assert_eq!(directories.enabled().unwrap(), BTreeSet::from([agent("good")]));
        assert_eq!(run(&manager, Verb::Stop, &["good"], LIMIT).0, [JobOutcome::Done]);
        return;
    }
    if !is_root_or_skip("a user manager of another user") {
        return;
    }
    let Some(fixture) = Fixture::build_or_skip(Fleet::builder().owner(54_321, 54_321)) else { return };
    fixture.run_beside_manager("ordinary_user::an_ordinary_user_runs_and_enables_units", &[]);
}
