//! An agent that reports continuously.

use super::attacked::Attacked;
use crate::activity_reports::{Reporter, scrape_until};
use crate::samples::Samples;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// The number of scrapes with and without the flood.
const SCRAPES: u32 = 150;
/// The time between scrapes, in which an exporter that reads each report would spend CPU time.
const PAUSE: Duration = Duration::from_millis(25);

/// The CPU time of the exporter for these scrapes.
fn work(attacked: &Attacked) -> f64 {
    let spent = || Samples(attacked.exporter.scrape()).value("process_cpu_seconds_total").unwrap();
    let before = spent();
    for _ in 0..SCRAPES {
        let samples = Samples(attacked.exporter.scrape());
        let activity = samples.activity("coder0");
        // Reports are replaced atomically, so that there is always one.
        assert!(matches!(activity.as_deref(), Some("working" | "idle")), "{activity:?}");
        thread::sleep(PAUSE);
    }
    spent() - before
}

/// Measures CPU time and not elapsed time, so that other load on the machine does not matter.
#[test]
fn a_flood_of_reports_neither_harms_scrapes_nor_adds_work() {
    let Some(attacked) = Attacked::or_skip(&[]) else { return };
    let reporter = Reporter::new(&attacked.fleet, "coder0");
    reporter.report("working", "");
    scrape_until(&attacked.exporter, |samples| samples.activity("coder0").as_deref() == Some("working"));
    let quiet = work(&attacked);

    let (over, reports) = (AtomicBool::new(false), AtomicU32::new(0));
    let flooded = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(SeqCst) {
                reporter.report(["working", "idle"][reports.fetch_add(1, SeqCst) as usize % 2], "");
            }
        });
        let flooded = thread::Builder::new().spawn_scoped(scope, || work(&attacked)).unwrap().join();
        attacked.attack(|| attacked.fleet.snapshot());
        // Set also if it panicked: a scope waits for its threads.
        over.store(true, SeqCst);
        flooded.unwrap()
    });
    let reports = reports.into_inner();
    eprintln!("{quiet} s without, {flooded} s with {reports} reports");
    assert!(reports > SCRAPES, "{reports} reports are no flood");
    assert!(flooded < 2.0 * quiet, "{quiet} s without, {flooded} s with {reports} reports");

    reporter.report("waiting", "login");
    scrape_until(&attacked.exporter, |samples| samples.waiting_for("coder0").as_deref() == Some("login"));
}
