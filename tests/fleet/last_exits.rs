//! How an agent ended is still to be read when it is back: whoever looks every fifteen seconds sees no
//! heartbeat that stood for one.

use mosaic_harness::{Deadline, Fleet, Frozen, ProcessWatch, RosterFleet, UnitFleet};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

type Beat = BTreeMap<String, String>;

/// The end before this generation, and when that was.
fn last_exit(beat: &Beat) -> Option<(&str, &str)> {
    Some((beat.get("last_exit")?.as_str(), beat["last_exit_ts"].as_str()))
}

fn start(fleet: &Fleet) -> Beat {
    fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
    fleet.heartbeat("coder0").unwrap()
}

/// The heartbeat at the end, when the sidecar has cleared up.
fn ended(fleet: &Fleet) -> Beat {
    fleet.wait_heartbeat("coder0", |beat| beat["status"] == "exited")
}

#[test]
fn an_agent_that_was_killed_and_is_back_says_how_it_ended_before() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let pane = fleet.start("coder0");
    let first = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!(last_exit(&first), None, "{first:?}");
    pane.process().signal(Signal::KILL.as_raw());
    let back = fleet.fleet().wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    assert_eq!((back["status"].as_str(), back.get("exit")), ("ok", None));
    let (verdict, at) = last_exit(&back).unwrap();
    assert_eq!(verdict, "signal:9");
    assert!(first["ts"].as_str() <= at && at <= back["ts"].as_str(), "{at} between {first:?} and {back:?}");
}

#[test]
fn whoever_looks_at_the_fleet_is_told_of_it_too() {
    let Some(fleet) = RosterFleet::up_or_skip(&["coder0"]) else { return };
    let told = || {
        let beat = fleet.agent("coder0")["heartbeat"].clone();
        [beat["exit"].clone(), beat["lastExit"].clone(), beat["lastExitAt"].clone()]
    };
    assert!(told().iter().all(serde_json::Value::is_null), "{:?}", told());
    let units = fleet.units();
    units.fleet().pane("coder0").exit(7);
    let back = units.fleet().wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    let [exit, last, at] = told();
    assert_eq!((exit.as_str(), last.as_str()), (None, Some("code:7")));
    let at: jiff::Timestamp = at.as_str().unwrap().parse().unwrap();
    assert_eq!(at, back["last_exit_ts"].parse().unwrap());
}

#[test]
fn each_end_takes_the_place_of_the_one_before_only_when_the_agent_is_back() {
    let fleet = Fleet::new();
    start(&fleet);
    fleet.pane("coder0").exit(7);
    let first = ended(&fleet);
    assert_eq!((first["exit"].as_str(), last_exit(&first)), ("code:7", None));

    let second = start(&fleet);
    assert_eq!(last_exit(&second), Some(("code:7", first["ts"].as_str())));
    fleet.pane("coder0").exit(3);
    let second = ended(&fleet);
    assert_eq!((second["exit"].as_str(), last_exit(&second)), ("code:3", Some(("code:7", first["ts"].as_str()))));

    let third = start(&fleet);
    assert_eq!(last_exit(&third), Some(("code:3", second["ts"].as_str())));
}

#[test]
fn a_stop_is_no_end_of_its_own_and_a_second_sidecar_is_no_start() {
    let fleet = Fleet::new();
    start(&fleet);
    fleet.pane("coder0").exit(7);
    let end = ended(&fleet);
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

/// Waits until a client of a server that does not answer has said what it wants, and waits itself.
fn wait_until_asked(client: &Child) {
    let deadline = Deadline::default();
    let is_connected = || {
        let text = |path: &Path| std::fs::read_link(path).unwrap_or_default().to_string_lossy().into_owned();
        let files = std::fs::read_dir(format!("/proc/{}/fd", client.id())).unwrap();
        files.flatten().any(|file| text(&file.path()).starts_with("socket:"))
    };
    let is_asleep = || std::fs::read_to_string(format!("/proc/{}/stat", client.id())).unwrap().contains(") S ");
    // Nobody tells when a process falls asleep.
    while !is_connected() || !is_asleep() {
        assert!(!deadline.passed(), "tmux does not connect");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_pane_that_is_respawned_says_how_its_last_process_ended() {
    let fleet = Fleet::new();
    start(&fleet);
    let pane = fleet.pane("coder0");
    let pid = fleet.tmux(&["display-message", "-p", "#{pid}"]).stdout;
    let server = ProcessWatch::new(String::from_utf8(pid).unwrap().trim().parse().unwrap()).unwrap();
    // The server comes to know of the end and of what is asked of it at once, and of the sidecar's
    // question afterwards.
    let frozen = Frozen::new(server);
    let mut client = fleet.command("tmux");
    client.args(["-L", fleet.tmux_socket(), "respawn-pane", "-k", "-t", "=coder0:"]);
    let mut client = client.spawn().unwrap();
    wait_until_asked(&client);
    pane.process().signal(Signal::KILL.as_raw());
    let end = ended(&fleet);
    drop(frozen);
    assert!(client.wait().unwrap().success());
    let back = fleet.wait_heartbeat("coder0", |beat| beat["gen"] == "2");
    assert_eq!((end["exit"].as_str(), back["status"].as_str()), ("signal:9", "ok"));
    assert_eq!(last_exit(&back), Some(("signal:9", end["ts"].as_str())));
}
