//! Everything that a scrape answers with.

use mosaic_probe::Snapshot;

use crate::encoder::Encoder;
use crate::family::Family;
use crate::roster_agents::RosterAgents;
use crate::{Build, Collector, Format, OwnProcess, Selection};

const FLEET: &Family = Family::named("mosaic_fleet_info");
const SUCCESS: &Family = Family::named("mosaic_collector_success");
const DURATION: &Family = Family::named("mosaic_collector_duration_seconds");

/// About how long the text is without any agent: heads, and what concerns the whole fleet.
const OF_THE_FLEET: usize = 8 * 1024;

/// What there is to tell: what was seen, and who tells it.
#[derive(Clone, Copy, Debug)]
pub struct Exposition<'a> {
    /// The fleet.
    pub snapshot: &'a Snapshot,
    /// Whether the verification passed; nothing if none was made.
    pub verified: Option<bool>,
    /// The program that answers.
    pub build: Build,
    /// What that program uses itself; nothing of one that ends after its answer.
    pub process: Option<OwnProcess>,
}

impl Exposition<'_> {
    /// Appends the families of the selected collectors, and those that are nobody's.
    pub fn write(&self, selection: &Selection, format: Format, out: &mut String) {
        let agents = RosterAgents::of(self.snapshot);
        // A text that grows to two megabytes by doubling leaves as much again in pieces.
        out.reserve(agents.expected_bytes() + OF_THE_FLEET);
        let mut encoder = Encoder::new(out, format);
        let Snapshot { host, tenant, socket, .. } = self.snapshot;
        self.build.write(&mut encoder);
        let mut fleet = encoder.family(FLEET);
        fleet.line().label("host", host).label("tenant", tenant).label("socket", socket).value(true);
        let report = |collector: Collector| collector.report(self);
        success(&mut encoder, selection, |collector| report(collector).is_some_and(|report| report.ok));
        let mut duration = encoder.family(DURATION);
        for collector in selection.iter() {
            if let Some(report) = report(collector) {
                duration.line().word("collector", collector.as_str()).value(seconds(report.duration_ms));
            }
        }
        for collector in selection.iter() {
            collector.write(&mut encoder, self, &agents);
        }
        if let Some(process) = self.process {
            process.write(&mut encoder);
        }
        encoder.end();
    }
}

/// Appends what is left to say in a scrape whose time is over before anything was seen: no selected collector had
/// success.
pub fn out_of_time(build: Build, selection: &Selection, format: Format, out: &mut String) {
    let mut encoder = Encoder::new(out, format);
    build.write(&mut encoder);
    success(&mut encoder, selection, |_| false);
    encoder.end();
}

/// To the microsecond: the digits after that are noise, and would be sent with every scrape.
fn seconds(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1_000_000.0
}

fn success(encoder: &mut Encoder<'_>, selection: &Selection, succeeded: impl Fn(Collector) -> bool) {
    let mut samples = encoder.family(SUCCESS);
    for collector in selection.iter().filter(|collector| collector.source().is_some()) {
        samples.line().word("collector", collector.as_str()).value(succeeded(collector));
    }
}
