//! The limits of the roster are in force, or `verify` and drift name the controller that the user manager does not have.

use mosaic_harness::{Fleet, FleetBuilder, RosterFleet, SystemRelease};
use serde_json::Value;
use std::path::PathBuf;

/// The directory of an agent's group in the hierarchy of version 2, in which a user manager gets controllers.
fn group(fleet: &RosterFleet, agent: &str) -> PathBuf {
    let pid = fleet.units().sidecar(agent).pid();
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let path = groups.lines().find_map(|line| line.strip_prefix("0::/")).unwrap().to_owned();
    let unified = PathBuf::from("/sys/fs/cgroup/unified");
    let top = if unified.exists() { unified } else { PathBuf::from("/sys/fs/cgroup") };
    top.join(path)
}

/// Checks what the fleet says of its limits against what the kernel does.
fn check(builder: FleetBuilder) {
    let Some(fleet) = RosterFleet::installed_or_skip(builder, &["mos", "coder0"], "15") else { return };
    let limits = "name: coder0, limits: { memory_max: 500M, tasks_max: 50 },";
    fleet.write_roster(&fleet.roster().replace("name: coder0,", limits));
    fleet.install();
    fleet.start(&["mos", "coder0"]);
    let group = group(&fleet, "coder0");
    let missing: Vec<&str> = [("memory", "memory.max"), ("pids", "pids.max")]
        .into_iter()
        .filter(|(_, file)| !group.join(file).exists())
        .map(|(controller, _)| controller)
        .collect();
    let (_, verification) = fleet.verify(&[]);
    let checks = verification["checks"].as_array().unwrap();
    let is_limits = |check: &&Value| check["name"] == "limits" && check["agent"] == "coder0";
    let found = checks.iter().find(is_limits).unwrap_or_else(|| panic!("{verification:#}"));
    let drift = fleet.drift();
    let item = ("limits-not-enforced".to_owned(), "coder0".to_owned());
    if missing.is_empty() {
        let in_kernel = |file: &str| std::fs::read_to_string(group.join(file)).unwrap().trim().to_owned();
        assert_eq!((&*in_kernel("memory.max"), &*in_kernel("pids.max")), ("524288000", "50"));
        assert_eq!(found["status"], "pass", "{found:#}");
        assert!(!drift.contains(&item), "{drift:#?}");
    } else {
        assert_eq!(found["status"], "fail", "{found:#}");
        let evidence = found["evidence"].as_str().unwrap();
        assert!(evidence.contains(&format!("has no {} controller", missing.join(" and "))), "{evidence}");
        assert!(drift.contains(&item), "{drift:#?}");
    }
}

#[test]
fn limits_are_in_force_or_the_missing_controller_is_named() {
    check(Fleet::builder());
}

#[test]
fn limits_are_judged_with_every_systemd() {
    for release in SystemRelease::ALL {
        if let Some(builder) = Fleet::builder().system_or_skip(release) {
            check(builder);
        }
    }
}
