//! What the manager says of units is told alike by the bus and by `systemctl`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use mosaic_domain::ExitVerdict;
use mosaic_systemd::{ActiveState, LoadState, Unit, UnitName, Verb};
use world::{LIMIT, World, agent, run};

#[test]
fn both_ways_tell_the_same_and_what_is_so() {
    let Some(world) = World::start_or_skip() else { return };
    let service = "[Service]\nType=exec\nExecStart=sleep 1000\n";
    world.manager().install_unit("mosaic-tmux-holder.service", service);
    world.manager().install_unit("other.service", service);
    world.manager().systemctl_ok(&["start", "mosaic-tmux-holder.service", "other.service"]);
    world.manager().drop_in(
        "mosaic-agent@killed.service",
        "test",
        "[Service]\nExecStart=\nExecStart=sh -c 'kill -9 $$$$'\n",
    );
    let bus = world.connect();
    run(&bus, Verb::Start, &["good", "fail", "killed"], LIMIT);
    let without = world.connect_without_bus();
    assert_eq!((bus.way(), without.way()), ("D-Bus", "systemctl"));
    assert_eq!(bus.version().unwrap(), without.version().unwrap());
    assert!(bus.version().unwrap().starts_with(|first: char| first.is_ascii_digit()));

    let patterns = [UnitName::AGENTS, "mosaic-tmux-holder.service", "mosaic-fleet-exporter.service"];
    let units = bus.units(&patterns).unwrap();
    assert_eq!(units, without.units(&patterns).unwrap());
    let line = |name, active, sub: &str| Unit { name, load: LoadState::Loaded, active, sub: sub.to_owned() };
    let expected = [
        line(agent("fail"), ActiveState::Failed, "failed"),
        line(agent("good"), ActiveState::Active, "exited"),
        line(agent("killed"), ActiveState::Failed, "failed"),
        line(UnitName::holder(), ActiveState::Active, "running"),
    ];
    assert_eq!(units, expected);

    let all: Vec<&Unit> = units.iter().collect();
    let since = bus.since(&all).unwrap();
    assert_eq!(since, without.since(&all).unwrap());
    assert_eq!(since.len(), units.len());

    for unit in [agent("good"), agent("fail"), agent("killed"), agent("never"), UnitName::holder()] {
        let detail = bus.describe(&unit).unwrap();
        assert_eq!(detail, without.describe(&unit).unwrap(), "{unit}");
        assert_eq!(detail.since.as_ref(), since.get(&unit), "{unit}");
    }
    let fail = bus.describe(&agent("fail")).unwrap();
    assert_eq!((fail.result.as_str(), fail.exec_main_status), ("exit-code", Some(ExitVerdict::Code(7))));
    let killed = bus.describe(&agent("killed")).unwrap();
    assert_eq!((killed.result.as_str(), killed.exec_main_status), ("signal", Some(ExitVerdict::Signal(9))));
    let holder = bus.describe(&UnitName::holder()).unwrap();
    assert_eq!(holder.main_pid.unwrap().to_string(), world.manager().show("mosaic-tmux-holder.service", "MainPID"));
    assert!(holder.control_group.unwrap().ends_with("mosaic-tmux-holder.service"));
}

#[test]
fn a_failure_is_forgotten_and_a_unit_that_never_was_has_none() {
    let Some(world) = World::start_or_skip() else { return };
    for manager in [world.connect(), world.connect_without_bus()] {
        run(&manager, Verb::Start, &["fail"], LIMIT);
        manager.reset_failed(&[agent("never"), agent("fail")]).unwrap();
        assert_eq!(manager.describe(&agent("fail")).unwrap().active, ActiveState::Inactive);
        manager.reset_failed(&[]).unwrap();
    }
}
