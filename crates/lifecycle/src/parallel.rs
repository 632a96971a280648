//! The same work for many, some of it at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// So many at once; more would only wait for each other.
const WORKERS: usize = 32;

/// Does the work for all, and hands each result over as it comes.
pub(super) fn at_once<I: Sync, T: Send>(items: &[I], work: impl Fn(&I) -> T + Sync, mut done: impl FnMut(&I, T)) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..items.len().min(WORKERS) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // The receiver stays until every sender is gone.
                    let _ = sender.send((item, work(item)));
                }
            });
        }
        drop(sender);
        for (item, result) in results {
            done(item, result);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{WORKERS, at_once};
    use std::sync::Barrier;

    #[test]
    fn each_is_done_once_and_they_do_not_wait_for_each_other() {
        let barrier = Barrier::new(WORKERS);
        let items: Vec<usize> = (0..3 * WORKERS).collect();
        let mut results = Vec::new();
        let work = |item: &usize| {
            // Nobody gets over this alone.
            barrier.wait();
            item * 2
        };
        at_once(&items, work, |item, double| results.push((*item, double)));
        results.sort_unstable();
        assert_eq!(results, items.iter().map(|item| (*item, item * 2)).collect::<Vec<_>>());
    }
}
