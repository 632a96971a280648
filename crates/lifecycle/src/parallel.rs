//! Runs the same work for many items on a bounded number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// The number of threads. More would wait for the same tmux server.
const WORKERS: usize = 32;

/// Runs `work` for every item, and calls `done` on this thread with each result as soon as it is there. With fewer threads
/// than wanted it takes longer; without any, this thread does the work.
pub(crate) fn for_each_parallel<I: Sync, T: Send>(
    items: &[I],
    work: impl Fn(&I) -> T + Sync,
    mut done: impl FnMut(&I, T),
) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    let take_next = || items.get(next.fetch_add(1, Ordering::Relaxed));
    thread::scope(|scope| {
        let is_started = |_: &usize| {
            let (sender, take_next, work) = (sender.clone(), &take_next, &work);
            let worker = move || {
                while let Some(item) = take_next() {
                    // The receiver outlives every sender.
                    let _ = sender.send((item, work(item)));
                }
            };
            thread::Builder::new().spawn_scoped(scope, worker).is_ok()
        };
        let started = (0..items.len().min(WORKERS)).take_while(is_started).count();
        drop(sender);
        if started == 0 {
            while let Some(item) = take_next() {
                done(item, work(item));
            }
        }
        for (item, result) in results {
            done(item, result);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{WORKERS, for_each_parallel};
    use std::sync::Barrier;

    #[test]
    fn every_item_is_processed_once_and_in_parallel() {
        let barrier = Barrier::new(WORKERS);
        let items: Vec<usize> = (0..3 * WORKERS).collect();
        let mut results = Vec::new();
        let work = |item: &usize| {
            // Blocks until all workers are here.
            barrier.wait();
            item * 2
        };
        for_each_parallel(&items, work, |item, double| results.push((*item, double)));
        results.sort_unstable();
        assert_eq!(results, items.iter().map(|item| (*item, item * 2)).collect::<Vec<_>>());
    }
}
