//! A boot starts enabled agents and does not trust heartbeats from before it.

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
fn enabled_agents_start_at_boot_and_others_do_not() {
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
fn a_heartbeat_from_before_the_boot_is_not_alive() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    // On disk, as without $XDG_RUNTIME_DIR: the heartbeats survive the boot.
    let kept = fleet.fleet().root().join("kept");
    std::fs::create_dir(&kept).unwrap();
    std::fs::create_dir_all(fleet.fleet().run_directory().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&kept, fleet.fleet().run_directory()).unwrap();
    enable(&fleet, &["coder0"]);
    let old = ["coder0", "once"].map(|agent| fleet.start(agent));
    // As after a power failure: no sidecar records the end of its agent.
    for agent in ["coder0", "once"] {
        fleet.sidecar(agent).signal(Signal::STOP.as_raw());
    }

    fleet.manager().kill_and_restart_manager();

    // The heartbeat is fresh and `ok`, but its process is gone.
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

    // The launcher did not adopt the process of the old heartbeat, and continued its generation.
    let new = fleet.fleet().pane("coder0");
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_ne!(new.pid(), old[0].pid());
    assert_eq!((&*beat["pid"], &*beat["gen"], &*beat["status"]), (&*new.pid().to_string(), "2", "ok"));
}
