//! A sidecar killed at any moment harms neither readers nor the agent nor the run directory, and the next start
//! continues.

use mosaic_harness::{Fleet, Launch};
use rustix::rand::{GetRandomFlags, getrandom};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const KILLS: usize = 1000;
const SIGKILL: i32 = 9;

/// What a reader observed during all kills.
#[derive(Debug, Default)]
struct ReaderLog {
    beats: u64,
    last: u64,
    process: Option<mosaic_domain::ProcessIdentity>,
}

impl ReaderLog {
    /// Reads once, with the product's reader and as plain text.
    fn read(&mut self, path: &Path) {
        let raw = std::fs::read_to_string(path).expect("never missing");
        assert!(raw.starts_with("ts=") && raw.ends_with('\n'), "torn or empty: {raw:?}");
        let beat = mosaic_heartbeat::read(path).expect("never malformed").expect("never missing");
        assert_eq!(beat.status, mosaic_heartbeat::Status::Ok, "{raw}");
        let process = beat.process().expect("version 2");
        assert_eq!(*self.process.get_or_insert(process), process, "the agent must stay the same");
        let binding = beat.binding.expect("version 2");
        assert_eq!(binding.generation, 1);
        assert!(binding.sequence >= self.last, "{} after {}", binding.sequence, self.last);
        self.beats += u64::from(binding.sequence > self.last);
        self.last = binding.sequence;
    }
}

/// Up to ten milliseconds, in which a sidecar writes ten heartbeats.
fn random_delay() -> Duration {
    let mut bytes = [0; 4];
    getrandom(&mut bytes, GetRandomFlags::empty()).unwrap();
    Duration::from_micros(u64::from(u32::from_ne_bytes(bytes) % 10_000))
}

fn launch(fleet: &Fleet) -> Launch<'_> {
    fleet.launch("coder0").command(fleet.agent_command("coder0")).interval("0.001")
}

#[test]
fn a_sidecar_killed_at_a_thousand_random_moments_leaves_whole_heartbeats() {
    let fleet = Fleet::new();
    launch(&fleet).succeed();
    let pane = fleet.pane("coder0");
    let path = fleet.heartbeat_path("coder0");
    let done = AtomicBool::new(false);
    let (mut litter, mut log) = (0, ReaderLog::default());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut log = ReaderLog::default();
            while !done.load(Ordering::Acquire) {
                log.read(&path);
                // On few processors, let the sidecar run.
                std::thread::yield_now();
            }
            log
        });
        // A panic in here must also end the reader, for which the scope waits.
        let killing = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..KILLS {
                if reader.is_finished() {
                    break;
                }
                let sidecar = fleet.sidecar("coder0");
                let moment = Instant::now() + random_delay();
                let _ = sidecar.wait_for(moment.saturating_duration_since(Instant::now()));
                sidecar.signal(SIGKILL);
                sidecar.wait();
                litter += usize::from(fleet.run_directory().join(".coder0.hb.new").exists());
                assert!(launch(&fleet).succeed().contains("already running"));
            }
        }));
        done.store(true, Ordering::Release);
        log = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        killing.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    assert!(!pane.process().is_dead());
    assert_eq!(log.process.unwrap().pid.get(), pane.pid());
    assert_eq!(fleet.processes_named("agent-sidecar").len(), 1);
    // Some kills hit between two steps of a heartbeat.
    println!("{KILLS} kills, {litter} of them in the middle of a heartbeat, {} heartbeats read", log.beats);
    assert!(log.last > KILLS as u64, "each sidecar wrote at least one heartbeat: {log:?}");

    // There is no leftover after the last writer: the successor of a killed one has reused its file.
    let sidecar = fleet.sidecar("coder0");
    pane.exit(0);
    sidecar.wait();
    let files = std::fs::read_dir(fleet.run_directory()).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [".coder0.lock", &format!(".{}.tmux", fleet.tmux_socket()), "coder0.hb"]);
    assert_eq!(fleet.heartbeat("coder0").unwrap()["exit"], "code:0");
}

#[test]
fn the_next_start_removes_a_half_written_heartbeat() {
    let fleet = Fleet::new();
    // The interval is so long that only the start itself can remove the file.
    let launch = || launch(&fleet).interval("86400");
    launch().succeed();
    let sidecar = fleet.sidecar("coder0");
    sidecar.signal(SIGKILL);
    sidecar.wait();
    let staging = fleet.run_directory().join(".coder0.hb.new");
    for half in ["", "ts=2026-11-20T14:58:08+00:00\npid=1", "\0\0\0\0"] {
        std::fs::write(&staging, half).unwrap();
        launch().succeed();
        assert!(!staging.exists());
        let sidecar = fleet.sidecar("coder0");
        sidecar.signal(SIGKILL);
        sidecar.wait();
    }
    assert_eq!(fleet.heartbeat("coder0").unwrap()["gen"], "1");
}

#[test]
fn the_next_start_notices_an_exit_without_a_sidecar() {
    let fleet = Fleet::new();
    launch(&fleet).succeed();
    let (pane, sidecar) = (fleet.pane("coder0"), fleet.sidecar("coder0"));
    sidecar.signal(SIGKILL);
    sidecar.wait();
    pane.exit(7);
    assert_eq!(fleet.heartbeat("coder0").unwrap()["status"], "ok", "without a sidecar the heartbeat does not change");
    assert_eq!(launch(&fleet).succeed(), "", "it was not running");
    let beat = fleet.wait_heartbeat("coder0", |beat| beat["status"] == "ok" && beat["gen"] == "2");
    assert_eq!(beat["pid"], fleet.pane("coder0").pid().to_string());
}
