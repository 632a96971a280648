//! What an agent reports is scraped at once.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mosaic_harness::{Deadline, ExporterProcess, RosterFleet};

use crate::samples::Samples;

/// How long a person waits at most until it shows.
const SOON: Duration = Duration::from_secs(2);

/// Reports an agent's activity, as its program does: a file that takes the other's place.
pub(crate) struct Reporter {
    head: String,
    staging: PathBuf,
    report: PathBuf,
}

impl Reporter {
    /// For an agent that has a heartbeat, whose clock it takes.
    pub(crate) fn of(fleet: &RosterFleet, agent: &str) -> Self {
        let fleet = fleet.units().fleet();
        let beat = fleet.heartbeat(agent).unwrap();
        let head = format!("ts={}\nboot={}\nmono={}\n", beat["ts"], beat["boot"], beat["mono"]);
        let directory = fleet.run_directory();
        let staging = directory.join(format!(".{agent}.state.{}", std::process::id()));
        Self { head, staging, report: directory.join(format!("{agent}.state")) }
    }

    /// One report.
    pub(crate) fn say(&self, activity: &str, reason: &str) {
        std::fs::write(&self.staging, format!("{}activity={activity}\nreason={reason}\n", self.head)).unwrap();
        std::fs::rename(&self.staging, &self.report).unwrap();
    }
}

/// Scrapes until it says so; how long that took.
pub(crate) fn until(exporter: &ExporterProcess, is_so: impl Fn(&Samples) -> bool) -> Duration {
    let (begun, deadline) = (Instant::now(), Deadline::default());
    while !is_so(&Samples(exporter.scrape())) {
        assert!(!deadline.passed(), "it is never scraped");
    }
    begun.elapsed()
}

#[test]
fn activity_and_wait_reason_are_scraped_within_two_seconds() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let exporter = fleet.exporter(&[]);
    let reporter = Reporter::of(&fleet, "coder0");
    let table = [
        ("working", "", None),
        ("waiting", "permission: Bash", Some("permission")),
        ("waiting", "login: 401", Some("login")),
        ("waiting", "usage limit until 3 pm", Some("usage_limit")),
        ("blocked", "the review of 41 is open", None),
        ("idle", "", None),
    ];
    for (activity, reason, waiting_for) in table {
        reporter.say(activity, reason);
        let took = until(&exporter, |samples| {
            samples.activity("coder0").as_deref() == Some(activity)
                && samples.waiting_for("coder0").as_deref() == waiting_for
        });
        eprintln!("{activity} was scraped after {took:?}");
        assert!(took <= SOON, "{activity} was scraped after {took:?}");
    }
    assert_eq!(Samples(exporter.scrape()).activity("mos").as_deref(), Some("unreported"));
}
