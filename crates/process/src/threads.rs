//! Threads, of which a user or a unit may have as many as it is allowed (`ulimit -u`, `TasksMax=`).
//!
//! [`std::thread::spawn`] and a scope's `spawn` panic when that limit is reached, and a panic looks like a bug.

use std::io;
use std::thread::{self, Builder, JoinHandle};

/// Explains why a thread could not be started.
#[must_use]
pub fn thread_error(error: &io::Error) -> io::Error {
    let limit = "the limit of processes and threads is reached (ulimit -u, or TasksMax= of the unit)";
    io::Error::new(error.kind(), format!("cannot start a thread: {error}: {limit}"))
}

/// Starts a thread.
///
/// # Errors
/// The limit of threads is reached.
pub fn spawn_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    Builder::new().spawn(work).map_err(|error| thread_error(&error))
}

/// Checks that a thread can be started now, for a library that panics if it cannot start one.
///
/// # Errors
/// The limit of threads is reached.
pub fn check_threads() -> io::Result<()> {
    // The thread does nothing, so it cannot panic.
    spawn_thread(|| ()).map(|thread| drop(thread.join()))
}

/// Runs `worker` on up to `count` threads at the same time, and returns their results. The calling thread is one of them,
/// so the work is done even if no other thread can be started: each worker takes what is left of it.
pub fn share_work<R: Send>(count: usize, worker: impl Fn() -> R + Sync) -> Vec<R> {
    share_work_with(count, worker, |_| true)
}

/// Does the same as [`share_work`]; `may_start` tells whether the nth thread can be started.
fn share_work_with<R: Send>(count: usize, worker: impl Fn() -> R + Sync, may_start: impl Fn(usize) -> bool) -> Vec<R> {
    thread::scope(|scope| {
        let worker = &worker;
        let started = (1..count)
            .map_while(|nth| may_start(nth).then(|| Builder::new().spawn_scoped(scope, worker).ok()).flatten());
        let threads: Vec<_> = started.collect();
        let mut results = vec![worker()];
        for thread in threads {
            results.push(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::{check_threads, share_work, share_work_with, spawn_thread};
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn threads_work_at_the_same_time() {
        let barrier = Barrier::new(4);
        // Each blocks until all are here.
        assert_eq!(share_work(4, || barrier.wait()).len(), 4);
        assert_eq!(spawn_thread(|| 7).unwrap().join().unwrap(), 7);
        assert!(check_threads().is_ok());
    }

    #[test]
    fn the_work_is_done_by_the_threads_that_can_be_started() {
        for (startable, expected) in [(0, 1), (2, 3), (9, 4)] {
            let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let worker = || {
                while next.fetch_add(1, Ordering::Relaxed) < 100 {
                    done.fetch_add(1, Ordering::Relaxed);
                }
            };
            let workers = share_work_with(4, worker, |nth| nth <= startable).len();
            assert_eq!((workers, done.into_inner()), (expected, 100), "{startable}");
        }
    }
}
