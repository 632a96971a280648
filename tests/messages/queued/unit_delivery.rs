//! Delivery under a user manager: by the sidecar, after a boot, and by the timer's service.

use crate::queued::queue_fixture::{INTERVAL, outcome, roster};
use mosaic_harness::{Deadline, Fleet, OutboxDirectory, RosterFleet, StoppedProcess, TuiAgent, UnitFleet};

const TIMER: &str = "mosaic-fleet-outbox.timer";
const SERVICE: &str = "mosaic-fleet-outbox.service";

/// An installed fleet whose agent is a terminal program.
struct Units {
    fleet: RosterFleet,
}

impl Units {
    /// With these flags for the agent. The timer is disabled.
    fn or_skip(flags: &str) -> Option<Self> {
        let units = Self { fleet: RosterFleet::installed_or_skip(Fleet::builder(), &["coder0"], INTERVAL)? };
        let command = format!("    command: \"{}\"\n", units.agent().command(&units.in_root(flags)));
        units.fleet.write_roster(&roster("mosaic-factory", &command));
        units.fleet.install();
        units.systemctl(&["disable", "--now", TIMER]);
        Some(units)
    }

    /// Replaces `ROOT` with the fleet's root.
    fn in_root(&self, flags: &str) -> String {
        flags.replace("ROOT", &self.fleet.units().fleet().root().display().to_string())
    }

    fn agent(&self) -> TuiAgent<'_> {
        TuiAgent::new(self.fleet.units().fleet(), "coder0")
    }

    fn outbox(&self) -> OutboxDirectory {
        OutboxDirectory::new(self.fleet.units().fleet(), "coder0")
    }

    fn systemctl(&self, words: &[&str]) {
        self.fleet.units().manager().systemctl_ok(words);
    }

    fn queue(&self, text: &str) -> String {
        outcome(self.fleet.command(&["agent", "send", "coder0", "--queue", "--no-preamble", "--json", "-m", text]))
    }

    /// Lets the busy agent become idle.
    fn finish_work(&self) {
        std::fs::write(self.fleet.units().fleet().root().join("done"), "").unwrap();
    }
}

#[test]
fn a_message_arrives_once_when_the_unit_starts_again() {
    let Some(units) = Units::or_skip("--spinner --busy-until ROOT/done") else { return };
    let agent = units.agent();
    units.fleet.start(&["coder0"]);
    agent.wait_screen("Working");
    units.systemctl(&["stop", &UnitFleet::unit("coder0")]);
    assert_eq!(units.queue("for the next one"), "waiting");
    units.finish_work();
    units.fleet.start(&["coder0"]);
    assert_eq!(agent.wait_received(1), ["for the next one"]);
    units.outbox().wait_states(&["accepted"]);
    units.outbox().wait_unmarked();
    let sidecar = units.fleet.units().sidecar("coder0");
    sidecar.wait_wake_ups(5);
    assert_eq!(agent.received(), ["for the next one"]);
    // The delivery has ended, and no process of it is left in the unit.
    let pane = units.fleet.units().fleet().heartbeat("coder0").unwrap()["pid"].parse().unwrap();
    units.fleet.units().wait_members("coder0", &[pane]);
}

#[test]
fn a_delivery_runs_outside_the_control_group_of_the_agent() {
    let Some(units) = Units::or_skip("--no-composer-until ROOT/done") else { return };
    let agent = units.agent();
    units.fleet.start(&["coder0"]);
    agent.wait_screen("loading");
    assert_eq!(units.queue("when it is ready"), "waiting");
    let read = |pid: &u32, file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let is_delivery = |pid: &u32| read(pid, "cmdline").contains("mosaic\0agent\0outbox\0deliver\0coder0");
    let deadline = Deadline::default();
    let delivery = loop {
        if let Some(pid) = units.fleet.units().fleet().processes().into_iter().find(is_delivery) {
            break pid;
        }
        assert!(!deadline.passed(), "the sidecar starts no delivery");
    };
    let groups = read(&delivery, "cgroup");
    assert!(groups.contains("/mosaic-fleet-delivery-coder0-") && !groups.contains("mosaic-agent@"), "{groups}");
    units.finish_work();
    assert_eq!(agent.wait_received(1), ["when it is ready"]);
}

#[test]
fn stop_does_not_wait_for_a_delivery_and_the_message_stays() {
    let Some(units) = Units::or_skip("--spinner --busy-until ROOT/done") else { return };
    let agent = units.agent();
    units.fleet.start(&["coder0"]);
    agent.wait_screen("Working");
    assert_eq!(units.queue("for the next process"), "waiting");
    units.fleet.units().sidecar("coder0").wait_wake_ups(3);
    units.systemctl(&["stop", &UnitFleet::unit("coder0")]);
    assert_eq!(units.fleet.units().state("coder0"), "inactive");
    assert!(units.outbox().mark().exists());
    units.finish_work();
    units.fleet.start(&["coder0"]);
    assert_eq!(agent.wait_received(1), ["for the next process"]);
}

#[test]
fn a_message_is_delivered_once_after_a_boot() {
    let Some(units) = Units::or_skip("") else { return };
    let agent = units.agent();
    units.systemctl(&["enable", UnitFleet::HOLDER, &UnitFleet::unit("coder0")]);
    assert_eq!(units.queue("of before the boot"), "waiting");
    units.fleet.units().manager().kill_and_restart_manager();
    assert_eq!(agent.wait_received(1), ["of before the boot"]);
    units.outbox().wait_states(&["accepted"]);
    units.outbox().wait_unmarked();
    units.fleet.units().sidecar("coder0").wait_wake_ups(5);
    assert_eq!(agent.received(), ["of before the boot"]);
}

#[test]
fn the_timers_service_delivers_if_the_sidecar_does_not() {
    let Some(units) = Units::or_skip("--spinner --busy-until ROOT/done") else { return };
    let agent = units.agent();
    units.fleet.start(&["coder0"]);
    agent.wait_screen("Working");
    let sidecar = StoppedProcess::new(units.fleet.units().sidecar("coder0"));
    assert_eq!(units.queue("by the timer"), "waiting");
    units.finish_work();
    units.systemctl(&["start", SERVICE]);
    assert_eq!(agent.received(), ["by the timer"]);
    assert_eq!(units.outbox().states(), ["accepted"]);
    drop(sidecar);
}
