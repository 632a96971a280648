//! An ordinary scrape that runs beside an attack.

use crate::samples::Samples;
use mosaic_harness::{ExporterProcess, HttpResponse, RosterFleet};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// A running fleet, and an exporter that is about to be attacked.
pub(super) struct Attacked {
    pub(super) fleet: RosterFleet,
    pub(super) exporter: ExporterProcess,
}

impl Attacked {
    pub(super) fn or_skip(flags: &[&str]) -> Option<Self> {
        let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
        let exporter = fleet.exporter(flags);
        Some(Self { fleet, exporter })
    }

    /// Runs an attack while scrapes must stay complete, also after it; returns the result of the attack.
    pub(super) fn attack<T>(&self, attack: impl FnOnce() -> T) -> T {
        attack_beside(|| self.exporter.get("/metrics"), attack)
    }
}

/// Like [`Attacked::attack`] with another scrape.
pub(super) fn attack_beside<T>(scrape: impl Fn() -> HttpResponse + Sync, attack: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                // The last scrape begins after the attack.
                let is_last = over.load(SeqCst);
                assert_complete(&scrape());
                if is_last {
                    break;
                }
            }
        });
        // Set also if the attack panics: a scope waits for its threads.
        let _over = Over(&over);
        attack()
    })
}

/// The scrape contains the whole fleet.
fn assert_complete(answer: &HttpResponse) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let samples = Samples(answer.text());
    for collector in ["roster", "tmux", "systemd", "heartbeat", "process"] {
        assert!(samples.success(collector), "{collector}: {}", samples.0);
    }
    assert_eq!(samples.condition("coder0").as_deref(), Some("up"), "{}", samples.0);
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}
