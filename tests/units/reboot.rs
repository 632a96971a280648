//! A boot brings back what is enabled, and takes nothing of before for alive.

use mosaic_harness::UnitFleet;
use mosaic_heartbeat::{Freshness, Now, Status};
use mosaic_process::{Liveness, ProcRoot};
use rustix::process::Signal;

const HOLDER: &str = UnitFleet::HOLDER;

fn enable(fleet: &UnitFleet, agents: &[&str]) {
    fleet.manager().systemctl_ok(&["enable", HOLDER]);
    for agent in agents {
        fleet.manager().systemctl_ok(&["enable", &UnitFleet::unit(agent)]);
    }
}

#[test]
fn enabled_agents_are_back_after_a_boot_and_others_are_not() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    enable(&fleet, &["coder0", "coder1"]);
    let old = ["coder0", "coder1", "once"].map(|agent| fleet.start(agent));
    let server = fleet.server();

    fleet.manager().kill_and_restart_manager();

    assert!(server.is_dead() && old.iter().all(|pane| pane.process().is_dead()));
    assert_eq!(fleet.manager().is_active(HOLDER), "active");
    for (agent, old) in ["coder0", "coder1"].iter().zip(&old) {
        assert_eq!(fleet.state(agent), "active", "{agent}");
        let new = fleet.fleet().pane(agent);
        assert_ne!(new.pid(), old.pid());
        let beat = fleet.fleet().heartbeat(agent).unwrap();
        assert_eq!((&*beat["status"], &*beat["pid"]), ("ok", &*new.pid().to_string()));
    }
    assert_eq!(fleet.state("once"), "inactive");
    assert_eq!(fleet.sessions(), ["_holder", "coder0", "coder1"]);
}

#[test]
fn a_heartbeat_of_before_the_boot_is_not_taken_for_a_live_one() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    // On the disk, as where there is no $XDG_RUNTIME_DIR: the heartbeats survive the boot.
    let kept = fleet.fleet().root().join("kept");
    std::fs::create_dir(&kept).unwrap();
    std::fs::create_dir_all(fleet.fleet().run_directory().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&kept, fleet.fleet().run_directory()).unwrap();
    enable(&fleet, &["coder0"]);
    let old = ["coder0", "once"].map(|agent| fleet.start(agent));
    // As when the power goes: nobody gets to write that the agents ended.
    for agent in ["coder0", "once"] {
        fleet.sidecar(agent).signal(Signal::STOP.as_raw());
    }

    fleet.manager().kill_and_restart_manager();

    // Fresh, and `ok`, but bound to a process that is gone.
    let proc = ProcRoot::default();
    let beat = mosaic_heartbeat::read(&fleet.fleet().heartbeat_path("once")).unwrap().unwrap();
    let now =
        Now { wall: jiff::Timestamp::now(), monotonic: mosaic_process::monotonic(), boot: proc.boot_id().unwrap() };
    assert!(matches!(
        Freshness::judge(&beat, &now, mosaic_domain::HeartbeatInterval::DEFAULT),
        Freshness::Fresh { .. }
    ));
    assert_eq!((beat.status, beat.pid.get()), (Status::Ok, old[1].pid()));
    let liveness = proc.liveness(&beat.process().unwrap()).unwrap();
    assert!(matches!(liveness, Liveness::Gone | Liveness::Recycled), "{liveness:?}");

    // The launcher has not adopted what the old heartbeat speaks of, and counts on.
    let new = fleet.fleet().pane("coder0");
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_ne!(new.pid(), old[0].pid());
    assert_eq!((&*beat["pid"], &*beat["gen"], &*beat["status"]), (&*new.pid().to_string(), "2", "ok"));
}
