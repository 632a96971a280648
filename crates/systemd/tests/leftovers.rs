//! Nothing stays of a call that was given up: whoever observes for weeks does so thousands of times.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::fs::read_dir;
use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use mosaic_harness::Deadline;
use mosaic_systemd::{ManagerAddress, ManagerError, UnitName, UserManager};
use world::{LIMIT, Stopped, World};

const SHORT: Duration = Duration::from_millis(20);
const TIMES: usize = 50;

/// Threads, descriptors and children of this process.
fn held() -> [usize; 3] {
    let children = || {
        let of_threads = read_dir("/proc/self/task").unwrap().flatten();
        let lists = of_threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        lists.map(|list| list.split_whitespace().count()).sum()
    };
    [read_dir("/proc/self/task").unwrap().count(), read_dir("/proc/self/fd").unwrap().count(), children()]
}

/// Calls it many times, and expects that what is held falls back to what it was. A thread that has
/// been told to end takes a moment to be gone.
fn leaves_nothing_behind(mut call: impl FnMut()) {
    call();
    let before = held();
    for _ in 0..TIMES {
        call();
    }
    let deadline = Deadline::default();
    while held().iter().zip(before).any(|(&now, before)| now > before) {
        assert!(!deadline.passed(), "threads, descriptors, children: {:?} after {before:?}", held());
        std::thread::yield_now();
    }
}

/// One test, because all that a process holds is counted.
#[test]
fn calls_that_are_given_up_leave_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("bus");
    let address = ManagerAddress::new(Some(directory.path().to_owned()), None);
    let too_late = |address: &ManagerAddress| {
        let error = UserManager::connect(address, SHORT).unwrap_err();
        assert_eq!(error, ManagerError::Deadline { limit: SHORT });
    };

    // Nobody accepts, but the kernel does for him, until the queue is full.
    let mute = UnixListener::bind(&socket).unwrap();
    leaves_nothing_behind(|| too_late(&address));
    rustix::net::listen(&mute, 0).unwrap();
    leaves_nothing_behind(|| too_late(&address));
    drop(mute);

    // Somebody accepts, and lets us in, and then says nothing more.
    std::fs::remove_file(&socket).unwrap();
    let half = UnixListener::bind(&socket).unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let server = std::thread::spawn(move || {
        let mut kept: Vec<UnixStream> = Vec::new();
        while stopped.try_recv().is_err() {
            let mut stream = half.accept().unwrap().0;
            let _ = stream.write_all(b"OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n");
            // Only one, so that what the server holds does not count.
            kept.clear();
            kept.push(stream);
        }
    });
    leaves_nothing_behind(|| too_late(&address));
    stop.send(()).unwrap();
    UnixStream::connect(&socket).unwrap();
    server.join().unwrap();

    let Some(world) = World::start_or_skip() else { return };
    leaves_nothing_behind(|| {
        world.connect().units(&[UnitName::AGENTS]).unwrap();
    });
    let manager = world.connect();
    leaves_nothing_behind(|| {
        manager.units(&[UnitName::AGENTS]).unwrap();
    });
    let hangs = Stopped::new(world.process("systemd"));
    leaves_nothing_behind(|| too_late(&world.address()));
    leaves_nothing_behind(|| too_late(&world.address_without_bus()));
    drop(hangs);
    assert!(manager.units(&[UnitName::AGENTS]).is_ok(), "{LIMIT:?}");
}
