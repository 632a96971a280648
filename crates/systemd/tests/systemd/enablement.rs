//! Enablement: a boot starts the enabled units, and the unit directories show them.

use std::collections::BTreeSet;

use crate::fixture::{Fixture, LIMIT, agent, is_beside_manager};
use mosaic_systemd::{ManagerAddress, ManagerError, UnitDirectories, UnitFileChangeKind, UserManager};

fn state(fixture: &Fixture, name: &str) -> String {
    fixture.manager().is_active(agent(name).as_str())
}

#[test]
fn a_boot_starts_enabled_units_and_no_disabled_ones() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let directories = UnitDirectories::from_environment(fixture.variable()).unwrap();
    assert_eq!(directories.own(), fixture.manager().unit_directory());
    let manager = fixture.connect();
    let changes = manager.enable(&[agent("a"), agent("b-c")]).unwrap();
    manager.reload().unwrap();
    assert_eq!(changes.iter().filter(|change| change.kind == UnitFileChangeKind::Linked).count(), 2);
    assert!(changes.iter().all(|change| change.path.starts_with(directories.own())), "{changes:?}");
    assert_eq!(directories.enabled().unwrap(), BTreeSet::from([agent("a"), agent("b-c")]));
    assert_eq!(manager.enable(&[agent("a")]).unwrap(), []);

    fixture.manager().kill_and_restart_manager();
    assert_eq!([state(&fixture, "a"), state(&fixture, "b-c")], ["active", "active"]);
    let manager = fixture.connect();
    let changes = manager.disable(&[agent("a")]).unwrap();
    manager.reload().unwrap();
    assert_eq!(changes.iter().filter(|change| change.kind == UnitFileChangeKind::Unlinked).count(), 1);
    assert_eq!(manager.disable(&[agent("a")]).unwrap(), []);

    fixture.manager().kill_and_restart_manager();
    assert_eq!([state(&fixture, "a"), state(&fixture, "b-c")], ["inactive", "active"]);
    assert_eq!(directories.enabled().unwrap(), BTreeSet::from([agent("b-c")]));
}

#[test]
fn a_unit_without_a_file_can_be_disabled_but_not_enabled() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let directories = UnitDirectories::from_environment(fixture.variable()).unwrap();
    let manager = fixture.connect();
    manager.enable(&[agent("a")]).unwrap();
    assert!(directories.is_installed("mosaic-agent@.service"));
    std::fs::remove_file(directories.own().join("mosaic-agent@.service")).unwrap();
    assert!(!directories.is_installed("mosaic-agent@.service"));
    manager.reload().unwrap();
    let refused = manager.enable(&[agent("b")]).unwrap_err();
    assert!(matches!(refused, ManagerError::Refused { .. }), "{refused:?}");
    manager.disable(&[agent("a")]).unwrap();
    assert_eq!(directories.enabled().unwrap(), BTreeSet::new());
}

#[test]
fn systemctl_enables_and_disables_units() {
    if is_beside_manager() {
        let directories = UnitDirectories::from_environment(|name| std::env::var_os(name)).unwrap();
        let address = ManagerAddress::from_environment(|name| std::env::var_os(name));
        let manager = UserManager::connect(&address, LIMIT).unwrap();
        assert_eq!(manager.transport(), "systemctl");
        let made = manager.enable(&[agent("a")]).unwrap();
        let link = directories.own().join("default.target.wants/mosaic-agent@a.service");
        assert_eq!((made.len(), &made[0].kind, &made[0].path), (1, &UnitFileChangeKind::Linked, &link));
        assert_eq!(made[0].target, Some(directories.own().join("mosaic-agent@.service")));
        assert_eq!(directories.enabled().unwrap(), BTreeSet::from([agent("a")]));
        let gone = manager.disable(&[agent("a")]).unwrap();
        assert_eq!((gone.len(), &gone[0].kind, &gone[0].path), (1, &UnitFileChangeKind::Unlinked, &link));
        manager.reload().unwrap();
        let refused = manager.enable(&["mosaic-nosuch.service".parse().unwrap()]).unwrap_err();
        assert!(matches!(refused, ManagerError::Refused { .. }), "{refused:?}");
        return;
    }
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let runtime = fixture.runtime_directory_without_bus();
    fixture.run_beside_manager("enablement::systemctl_enables_and_disables_units", &[("XDG_RUNTIME_DIR", &runtime)]);
}
