//! Listing and describing units returns the same over D-Bus and through `systemctl`.

use crate::fixture::{Fixture, LIMIT, agent, run};
use mosaic_domain::ExitVerdict;
use mosaic_systemd::{ActiveState, LoadState, Unit, UnitName, Verb};

#[test]
fn both_transports_return_the_same_correct_state() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    let service = "[Service]\nType=exec\nExecStart=sleep 1000\n";
    fixture.manager().install_unit("mosaic-tmux-holder.service", service);
    fixture.manager().install_unit("other.service", service);
    fixture.manager().systemctl_ok(&["start", "mosaic-tmux-holder.service", "other.service"]);
    fixture.manager().drop_in(
        "mosaic-agent@killed.service",
        "test",
        "[Service]\nExecStart=\nExecStart=sh -c 'kill -9 $$$$'\n",
    );
    let bus = fixture.connect();
    run(&bus, Verb::Start, &["good", "fail", "killed"], LIMIT);
    let without = fixture.connect_without_bus();
    assert_eq!((bus.transport(), without.transport()), ("D-Bus", "systemctl"));
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
    let since = bus.state_change_times(&all).unwrap();
    assert_eq!(since, without.state_change_times(&all).unwrap());
    assert_eq!(since.len(), units.len());

    for unit in [agent("good"), agent("fail"), agent("killed"), agent("never"), UnitName::holder()] {
        let detail = bus.describe(&unit).unwrap();
        assert_eq!(detail, without.describe(&unit).unwrap(), "{unit}");
        assert_eq!(detail.since.as_ref(), since.get(&unit), "{unit}");
    }
    let (fail, killed) = (agent("fail"), agent("killed"));
    let failures = bus.failures(&[&fail, &killed]).unwrap();
    assert_eq!(failures, without.failures(&[&fail, &killed]).unwrap());
    let failure = |unit| (failures[unit].result.as_str(), failures[unit].exec_main_status);
    assert_eq!(failure(&fail), ("exit-code", Some(ExitVerdict::Code(7))));
    assert_eq!(failure(&killed), ("signal", Some(ExitVerdict::Signal(9))));

    let fail = bus.describe(&agent("fail")).unwrap();
    assert_eq!((fail.result.as_str(), fail.exec_main_status), ("exit-code", Some(ExitVerdict::Code(7))));
    let killed = bus.describe(&agent("killed")).unwrap();
    assert_eq!((killed.result.as_str(), killed.exec_main_status), ("signal", Some(ExitVerdict::Signal(9))));
    let holder = bus.describe(&UnitName::holder()).unwrap();
    assert_eq!(holder.main_pid.unwrap().to_string(), fixture.manager().show("mosaic-tmux-holder.service", "MainPID"));
    assert!(holder.control_group.unwrap().ends_with("mosaic-tmux-holder.service"));
}

#[test]
fn failures_are_reset_and_missing_units_are_ignored() {
    let Some(fixture) = Fixture::start_or_skip() else { return };
    for manager in [fixture.connect(), fixture.connect_without_bus()] {
        run(&manager, Verb::Start, &["fail"], LIMIT);
        manager.reset_failed(&[agent("never"), agent("fail")]).unwrap();
        assert_eq!(manager.describe(&agent("fail")).unwrap().active, ActiveState::Inactive);
        manager.reset_failed(&[]).unwrap();
    }
}
