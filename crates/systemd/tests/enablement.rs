//! What is enabled is what a boot starts, and it shows on the disk.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::collections::BTreeSet;

use mosaic_systemd::{ChangeKind, ManagerAddress, ManagerError, UnitDirectories, UserManager};
use world::{LIMIT, World, agent, beside};

fn state(world: &World, name: &str) -> String {
    world.manager().is_active(agent(name).as_str())
}

#[test]
fn what_is_enabled_comes_back_at_a_boot_and_what_is_disabled_does_not() {
    let Some(world) = World::start_or_skip() else { return };
    let directories = UnitDirectories::of_user(world.variable()).unwrap();
    assert_eq!(directories.own(), world.manager().unit_directory());
    let manager = world.connect();
    let changes = manager.enable(&[agent("a"), agent("b-c")]).unwrap();
    manager.reload().unwrap();
    assert_eq!(changes.iter().filter(|change| change.kind == ChangeKind::Linked).count(), 2);
    assert!(changes.iter().all(|change| change.path.starts_with(directories.own())), "{changes:?}");
    assert_eq!(directories.enabled().unwrap(), BTreeSet::from([agent("a"), agent("b-c")]));
    assert_eq!(manager.enable(&[agent("a")]).unwrap(), []);

    world.manager().kill_and_restart_manager();
    assert_eq!([state(&world, "a"), state(&world, "b-c")], ["active", "active"]);
    let manager = world.connect();
    let changes = manager.disable(&[agent("a")]).unwrap();
    manager.reload().unwrap();
    assert_eq!(changes.iter().filter(|change| change.kind == ChangeKind::Unlinked).count(), 1);
    assert_eq!(manager.disable(&[agent("a")]).unwrap(), []);

    world.manager().kill_and_restart_manager();
    assert_eq!([state(&world, "a"), state(&world, "b-c")], ["inactive", "active"]);
    assert_eq!(directories.enabled().unwrap(), BTreeSet::from([agent("b-c")]));
}

#[test]
fn a_unit_whose_file_is_gone_can_be_disabled_but_not_enabled() {
    let Some(world) = World::start_or_skip() else { return };
    let directories = UnitDirectories::of_user(world.variable()).unwrap();
    let manager = world.connect();
    manager.enable(&[agent("a")]).unwrap();
    assert!(directories.template_installed("mosaic-agent@.service"));
    std::fs::remove_file(directories.own().join("mosaic-agent@.service")).unwrap();
    assert!(!directories.template_installed("mosaic-agent@.service"));
    manager.reload().unwrap();
    let refused = manager.enable(&[agent("b")]).unwrap_err();
    assert!(matches!(refused, ManagerError::Refused { .. }), "{refused:?}");
    manager.disable(&[agent("a")]).unwrap();
    assert_eq!(directories.enabled().unwrap(), BTreeSet::new());
}

#[test]
fn systemctl_enables_and_disables_alike() {
    if beside() {
        let directories = UnitDirectories::of_user(|name| std::env::var_os(name)).unwrap();
        let address = ManagerAddress::of_environment(|name| std::env::var_os(name));
        let manager = UserManager::connect(&address, LIMIT).unwrap();
        assert_eq!(manager.way(), "systemctl");
        let made = manager.enable(&[agent("a")]).unwrap();
        let link = directories.own().join("default.target.wants/mosaic-agent@a.service");
        assert_eq!((made.len(), &made[0].kind, &made[0].path), (1, &ChangeKind::Linked, &link));
        assert_eq!(made[0].target, Some(directories.own().join("mosaic-agent@.service")));
        assert_eq!(directories.enabled().unwrap(), BTreeSet::from([agent("a")]));
        let gone = manager.disable(&[agent("a")]).unwrap();
        assert_eq!((gone.len(), &gone[0].kind, &gone[0].path), (1, &ChangeKind::Unlinked, &link));
        manager.reload().unwrap();
        let refused = manager.enable(&["mosaic-nosuch.service".parse().unwrap()]).unwrap_err();
        assert!(matches!(refused, ManagerError::Refused { .. }), "{refused:?}");
        return;
    }
    let Some(world) = World::start_or_skip() else { return };
    let runtime = world.runtime_directory_without_bus();
    world.run_beside("systemctl_enables_and_disables_alike", &[("XDG_RUNTIME_DIR", &runtime)]);
}
