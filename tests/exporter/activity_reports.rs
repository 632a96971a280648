//! Reports of agents appear in the next scrapes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mosaic_harness::{Deadline, ExporterProcess, RosterFleet};

use crate::samples::Samples;

/// The longest acceptable delay.
const SOON: Duration = Duration::from_secs(2);

/// Reports an agent's activity as its program does: with an atomic replacement of a file.
pub(crate) struct Reporter {
    head: String,
    staging: PathBuf,
    report: PathBuf,
}

impl Reporter {
    /// A reporter for an agent with a heartbeat, whose clock readings it uses.
    pub(crate) fn new(fleet: &RosterFleet, agent: &str) -> Self {
        let fleet = fleet.units().fleet();
        let beat = fleet.heartbeat(agent).unwrap();
        let head = format!("ts={}\nboot={}\nmono={}\n", beat["ts"], beat["boot"], beat["mono"]);
        let directory = fleet.run_directory();
        let staging = directory.join(format!(".{agent}.state.{}", std::process::id()));
        Self { head, staging, report: directory.join(format!("{agent}.state")) }
    }

    /// Writes one report.
    pub(crate) fn report(&self, activity: &str, reason: &str) {
        std::fs::write(&self.staging, format!("{}activity={activity}\nreason={reason}\n", self.head)).unwrap();
        std::fs::rename(&self.staging, &self.report).unwrap();
    }
}

/// Scrapes until a condition holds; returns how long that took.
pub(crate) fn scrape_until(exporter: &ExporterProcess, holds: impl Fn(&Samples) -> bool) -> Duration {
    let (begun, deadline) = (Instant::now(), Deadline::default());
    while !holds(&Samples(exporter.scrape())) {
        assert!(!deadline.passed(), "the expected samples are not scraped");
    }
    begun.elapsed()
}

#[test]
fn activity_and_wait_reason_are_scraped_within_two_seconds() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let exporter = fleet.exporter(&[]);
    let reporter = Reporter::new(&fleet, "coder0");
    let table = [
        ("working", "", None),
        ("waiting", "permission: Bash", Some("permission")),
        ("waiting", "login: 401", Some("login")),
        ("waiting", "usage limit until 3 pm", Some("usage_limit")),
        ("blocked", "the review of 41 is open", None),
        ("idle", "", None),
    ];
    for (activity, reason, waiting_for) in table {
        reporter.report(activity, reason);
        let took = scrape_until(&exporter, |samples| {
            samples.activity("coder0").as_deref() == Some(activity)
                && samples.waiting_for("coder0").as_deref() == waiting_for
        });
        eprintln!("{activity} was scraped after {took:?}");
        assert!(took <= SOON, "{activity} was scraped after {took:?}");
    }
    assert_eq!(Samples(exporter.scrape()).activity("mos").as_deref(), Some("unreported"));
}
