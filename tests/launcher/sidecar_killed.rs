//! A sidecar that is killed at any moment costs nobody anything: not the readers, not the agent, not
//! the run directory, and the next start takes up where it left off.

use mosaic_harness::{Fleet, Launch};
use rustix::rand::{GetRandomFlags, getrandom};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const KILLS: usize = 1000;
const SIGKILL: i32 = 9;

/// What a reader saw, over all the kills.
#[derive(Debug, Default)]
struct Seen {
    beats: u64,
    last: u64,
    process: Option<mosaic_domain::ProcessIdentity>,
}

impl Seen {
    /// Reads once, as the product's readers do and as `cat` does.
    fn look(&mut self, path: &Path) {
        let raw = std::fs::read_to_string(path).expect("never missing");
        assert!(raw.starts_with("ts=") && raw.ends_with('\n'), "torn or empty: {raw:?}");
        let beat = mosaic_heartbeat::read(path).expect("never malformed").expect("never missing");
        assert_eq!(beat.status, mosaic_heartbeat::Status::Ok, "{raw}");
        let process = beat.process().expect("version 2");
        assert_eq!(*self.process.get_or_insert(process), process, "the same agent all along");
        let binding = beat.binding.expect("version 2");
        assert_eq!(binding.generation, 1);
        assert!(binding.sequence >= self.last, "{} after {}", binding.sequence, self.last);
        self.beats += u64::from(binding.sequence > self.last);
        self.last = binding.sequence;
    }
}

/// A moment between now and ten milliseconds from now, in which a sidecar beats ten times.
fn random_moment() -> Duration {
    let mut bytes = [0; 4];
    getrandom(&mut bytes, GetRandomFlags::empty()).unwrap();
    Duration::from_micros(u64::from(u32::from_ne_bytes(bytes) % 10_000))
}

fn launch(fleet: &Fleet) -> Launch<'_> {
    fleet.launch("coder0").command(fleet.agent_command("coder0")).interval("0.001")
}

#[test]
fn a_sidecar_killed_at_a_thousand_random_moments_never_shows() {
    let fleet = Fleet::new();
    launch(&fleet).succeed();
    let pane = fleet.pane("coder0");
    let path = fleet.heartbeat_path("coder0");
    let done = AtomicBool::new(false);
    let (mut litter, mut seen) = (0, Seen::default());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = Seen::default();
            while !done.load(Ordering::Acquire) {
                seen.look(&path);
                // On few processors the sidecar, too, shall get its turn.
                std::thread::yield_now();
            }
            seen
        });
        // A panic in here must end the reader too, or the scope would wait for it for ever.
        let killing = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..KILLS {
                if reader.is_finished() {
                    break;
                }
                let sidecar = fleet.sidecar("coder0");
                let moment = Instant::now() + random_moment();
                let _ = sidecar.wait_for(moment.saturating_duration_since(Instant::now()));
                sidecar.signal(SIGKILL);
                sidecar.wait();
                litter += usize::from(fleet.run_directory().join(".coder0.hb.new").exists());
                assert!(launch(&fleet).succeed().contains("already running"));
            }
        }));
        done.store(true, Ordering::Release);
        seen = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        killing.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    assert!(!pane.process().is_dead());
    assert_eq!(seen.process.unwrap().pid.get(), pane.pid());
    assert_eq!(fleet.processes_named("agent-sidecar").len(), 1);
    // The moments were moments at work: some kills hit between two steps of a beat.
    println!("{KILLS} kills, {litter} of them in the middle of a beat, {} beats seen", seen.beats);
    assert!(seen.last > KILLS as u64, "each sidecar beat at least once: {seen:?}");

    // Once nobody writes any more there is no litter: the successor of a killed writer has taken it over.
    let sidecar = fleet.sidecar("coder0");
    pane.exit(0);
    sidecar.wait();
    let files = std::fs::read_dir(fleet.run_directory()).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [".coder0.lock", "coder0.hb"]);
    assert_eq!(fleet.heartbeat("coder0").unwrap()["exit"], "code:0");
}

#[test]
fn what_a_killed_sidecar_left_half_written_is_gone_with_the_next_start() {
    let fleet = Fleet::new();
    // So long an interval that nothing but the start itself can clear it away.
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
fn an_agent_that_ends_while_nobody_watches_is_found_out_by_the_next_start() {
    let fleet = Fleet::new();
    launch(&fleet).succeed();
    let (pane, sidecar) = (fleet.pane("coder0"), fleet.sidecar("coder0"));
    sidecar.signal(SIGKILL);
    sidecar.wait();
    pane.exit(7);
    assert_eq!(fleet.heartbeat("coder0").unwrap()["status"], "ok", "nobody was there to write anything else");
    assert_eq!(launch(&fleet).succeed(), "", "it was not running");
    let beat = fleet.wait_heartbeat("coder0", |beat| beat["status"] == "ok" && beat["gen"] == "2");
    assert_eq!(beat["pid"], fleet.pane("coder0").pid().to_string());
}
