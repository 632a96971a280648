//! A call that times out leaves no threads, descriptors or child processes behind.

use std::fs::read_dir;
use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use crate::fixture::{Fixture, LIMIT, PausedProcess, is_alone_or_run_alone};
use mosaic_harness::Deadline;
use mosaic_systemd::{ManagerAddress, ManagerError, UnitName, UserManager};

const SHORT: Duration = Duration::from_millis(20);
const TIMES: usize = 50;

/// The numbers of threads, descriptors and children of this process.
fn open_resources() -> [usize; 3] {
    let children = || {
        let of_threads = read_dir("/proc/self/task").unwrap().flatten();
        let lists = of_threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
        lists.map(|list| list.split_whitespace().count()).sum()
    };
    [read_dir("/proc/self/task").unwrap().count(), read_dir("/proc/self/fd").unwrap().count(), children()]
}

/// Calls `call` many times and expects the resources to fall back to the initial numbers. A thread that was asked to
/// end takes a moment to disappear.
fn leaves_nothing_behind(mut call: impl FnMut()) {
    call();
    let before = open_resources();
    for _ in 0..TIMES {
        call();
    }
    let deadline = Deadline::default();
    while open_resources().iter().zip(before).any(|(&now, before)| now > before) {
        assert!(!deadline.passed(), "threads, descriptors, children: {:?} after {before:?}", open_resources());
        std::thread::yield_now();
    }
}

/// One test in a process of its own, because all resources of the process are counted.
#[test]
fn calls_that_time_out_leave_nothing_behind() {
    if !is_alone_or_run_alone("leftovers::calls_that_time_out_leave_nothing_behind") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("bus");
    let address = ManagerAddress::new(Some(directory.path().to_owned()), None);
    let times_out = |address: &ManagerAddress| {
        let error = UserManager::connect(address, SHORT).unwrap_err();
        assert_eq!(error, ManagerError::Deadline { limit: SHORT });
    };

    // Nothing accepts connections, but the kernel does until the queue is full.
    let mute = UnixListener::bind(&socket).unwrap();
    leaves_nothing_behind(|| times_out(&address));
    rustix::net::listen(&mute, 0).unwrap();
    leaves_nothing_behind(|| times_out(&address));
    drop(mute);

    // A server accepts connections and authentication, and then sends nothing more.
    std::fs::remove_file(&socket).unwrap();
    let half = UnixListener::bind(&socket).unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let server = std::thread::spawn(move || {
        let mut kept: Vec<UnixStream> = Vec::new();
        while stopped.try_recv().is_err() {
            let mut stream = half.accept().unwrap().0;
            let _ = stream.write_all(b"OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n");
            // Only one stream, so that the server's descriptors do not count.
            kept.clear();
            kept.push(stream);
        }
    });
    leaves_nothing_behind(|| times_out(&address));
    stop.send(()).unwrap();
    UnixStream::connect(&socket).unwrap();
    server.join().unwrap();

    let Some(fixture) = Fixture::start_or_skip() else { return };
    leaves_nothing_behind(|| {
        fixture.connect().units(&[UnitName::AGENTS]).unwrap();
    });
    let manager = fixture.connect();
    leaves_nothing_behind(|| {
        manager.units(&[UnitName::AGENTS]).unwrap();
    });
    let hangs = PausedProcess::new(fixture.process("systemd"));
    leaves_nothing_behind(|| times_out(&fixture.address()));
    leaves_nothing_behind(|| times_out(&fixture.address_without_bus()));
    drop(hangs);
    assert!(manager.units(&[UnitName::AGENTS]).is_ok(), "{LIMIT:?}");
}
