//! The last exit of an agent stays readable after its restart: a reader that polls every 15 seconds misses a heartbeat
//! that was there for one.

use mosaic_harness::{Deadline, Fleet, ProcessWatch, RosterFleet, StoppedProcess, UnitFleet};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

type Beat = BTreeMap<String, String>;

/// The exit before this generation, and its time.
fn last_exit(beat: &Beat) -> Option<(&str, &str)> {
    Some((beat.get("last_exit")?.as_str(), beat["last_exit_ts"].as_str()))
}

fn start(fleet: &Fleet) -> Beat {
    fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
    fleet.heartbeat("coder0").unwrap()
}

/// The last heartbeat of an exited agent.
fn wait_exited(fleet: &Fleet) -> Beat {
    fleet.wait_heartbeat("coder0", |beat| beat["status"] == "exited")
}

#[test]
fn the_heartbeat_after_a_restart_has_the_last_exit() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let first = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!(last_exit(&first), None, "{first:?}");
    pane.process().signal(Signal::KILL.as_raw());
    let back = fleet.fleet().wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    assert_eq!((back["status"].as_str(), back.get("exit")), ("ok", None));
    let (exit, at) = last_exit(&back).unwrap();
    assert_eq!(exit, "signal:9");
    assert!(first["ts"].as_str() <= at && at <= back["ts"].as_str(), "{at} between {first:?} and {back:?}");
}

#[test]
fn ps_reports_the_last_exit() {
    let Some(fleet) = RosterFleet::up_or_skip(&["coder0"]) else { return };
    let exits = || {
        let beat = fleet.agent("coder0")["heartbeat"].clone();
        [beat["exit"].clone(), beat["lastExit"].clone(), beat["lastExitAt"].clone()]
    };
    assert!(exits().iter().all(serde_json::Value::is_null), "{:?}", exits());
    let units = fleet.units();
    units.fleet().pane("coder0").exit(7);
    let back = units.fleet().wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    let [exit, last, at] = exits();
    assert_eq!((exit.as_str(), last.as_str()), (None, Some("code:7")));
    let at: jiff::Timestamp = at.as_str().unwrap().parse().unwrap();
    assert_eq!(at, back["last_exit_ts"].parse().unwrap());
}

#[test]
fn a_new_exit_replaces_the_last_one_only_at_the_next_start() {
    let fleet = Fleet::new();
    start(&fleet);
    fleet.pane("coder0").exit(7);
    let first = wait_exited(&fleet);
    assert_eq!((first["exit"].as_str(), last_exit(&first)), ("code:7", None));

    let second = start(&fleet);
    assert_eq!(last_exit(&second), Some(("code:7", first["ts"].as_str())));
    fleet.pane("coder0").exit(3);
    let second = wait_exited(&fleet);
    assert_eq!((second["exit"].as_str(), last_exit(&second)), ("code:3", Some(("code:7", first["ts"].as_str()))));

    let third = start(&fleet);
    assert_eq!(last_exit(&third), Some(("code:3", second["ts"].as_str())));
}

#[test]
fn stops_and_adoptions_keep_the_last_exit() {
    let fleet = Fleet::new();
    start(&fleet);
    fleet.pane("coder0").exit(7);
    let end = wait_exited(&fleet);
    let expected = Some(("code:7", end["ts"].as_str()));
    start(&fleet);
    let sidecar = fleet.sidecar("coder0");
    sidecar.signal(Signal::TERM.as_raw());
    sidecar.wait();
    let stopped = fleet.wait_heartbeat("coder0", |beat| beat["status"] == "stopped");
    assert_eq!((stopped.get("exit"), last_exit(&stopped)), (None, expected));

    start(&fleet);
    let before = fleet.sidecar("coder0");
    before.signal(Signal::KILL.as_raw());
    before.wait();
    let adopted = start(&fleet);
    assert_ne!(adopted["sidecar"], before.pid().to_string());
    assert_eq!((adopted["gen"].as_str(), last_exit(&adopted)), ("3", expected));
}

/// Waits until a client has sent its request to a server that does not answer, and sleeps.
fn wait_until_sent(client: &Child) {
    let deadline = Deadline::default();
    let is_connected = || {
        let text = |path: &Path| std::fs::read_link(path).unwrap_or_default().to_string_lossy().into_owned();
        let files = std::fs::read_dir(format!("/proc/{}/fd", client.id())).unwrap();
        files.flatten().any(|file| text(&file.path()).starts_with("socket:"))
    };
    let is_asleep = || std::fs::read_to_string(format!("/proc/{}/stat", client.id())).unwrap().contains(") S ");
    // There is no event for a process that falls asleep.
    while !is_connected() || !is_asleep() {
        assert!(!deadline.passed(), "tmux does not connect");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_respawned_pane_keeps_the_exit_of_its_last_process() {
    let fleet = Fleet::new();
    start(&fleet);
    let pane = fleet.pane("coder0");
    let pid = fleet.tmux(&["display-message", "-p", "#{pid}"]).stdout;
    let server = ProcessWatch::new(String::from_utf8(pid).unwrap().trim().parse().unwrap()).unwrap();
    // When the server continues, it handles the exit and the respawn first and the sidecar's request afterwards.
    let frozen = StoppedProcess::new(server);
    let mut client = fleet.command("tmux");
    client.args(["-L", fleet.tmux_socket(), "respawn-pane", "-k", "-t", "=coder0:"]);
    let mut client = client.spawn().unwrap();
    wait_until_sent(&client);
    pane.process().signal(Signal::KILL.as_raw());
    let end = wait_exited(&fleet);
    drop(frozen);
    assert!(client.wait().unwrap().success());
    let back = fleet.wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    assert_eq!((end["exit"].as_str(), back["status"].as_str()), ("signal:9", "ok"));
    assert_eq!(last_exit(&back), Some(("signal:9", end["ts"].as_str())));
}
