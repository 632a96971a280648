//! The whole exposition that a scrape returns.

use std::collections::BTreeMap;

use mosaic_delivery::spool::MessageCounts;
use mosaic_probe::Snapshot;

use crate::collector::{Collector, Selection};
use crate::constant_labels::ConstantLabels;
use crate::encoder::Encoder;
use crate::family::Family;
use crate::fleet_families::{self, RosterAgents};
use crate::format::Format;
use crate::sample_value::Milliseconds;

const BUILD_INFO: &Family = Family::named("mosaic_build_info");
const FLEET_INFO: &Family = Family::named("mosaic_fleet_info");
const COLLECTOR_SUCCESS: &Family = Family::named("mosaic_collector_success");
const COLLECTOR_DURATION: &Family = Family::named("mosaic_collector_duration_seconds");
const PROCESS_CPU: &Family = Family::named("process_cpu_seconds_total");
const PROCESS_RESIDENT: &Family = Family::named("process_resident_memory_bytes");
const PROCESS_VIRTUAL: &Family = Family::named("process_virtual_memory_bytes");
const PROCESS_OPEN_FDS: &Family = Family::named("process_open_fds");
const PROCESS_MAX_FDS: &Family = Family::named("process_max_fds");
const PROCESS_START_TIME: &Family = Family::named("process_start_time_seconds");
const PROCESS_THREADS: &Family = Family::named("process_threads");

/// The approximate length of the text without any agent.
const BYTES_WITHOUT_AGENTS: usize = 8 * 1024;

/// The inputs of an exposition.
#[derive(Clone, Copy, Debug)]
pub struct Exposition<'a> {
    /// The snapshot of the fleet.
    pub snapshot: &'a Snapshot,
    /// Whether the verification of the fleet passed; `None` if there was none.
    pub verified: Option<bool>,
    /// The messages to each agent whose messages could be read.
    pub messages: &'a BTreeMap<String, MessageCounts>,
    /// The build of this program.
    pub build: Build,
    /// The resources of this process; `None` for a program that ends after it has printed the exposition.
    pub process: Option<OwnProcess>,
}

/// The build of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// The version.
    pub version: &'static str,
    /// The revision of the source; `unknown` if the build does not know it.
    pub revision: &'static str,
}

/// The resources of this process, for the families that all exporters have. Unknown values are omitted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnProcess {
    /// User and system CPU time in seconds.
    pub cpu_seconds: Option<f64>,
    /// Resident memory in bytes.
    pub resident_memory_bytes: Option<u64>,
    /// Virtual memory in bytes.
    pub virtual_memory_bytes: Option<u64>,
    /// The number of open file descriptors.
    pub open_fds: Option<u64>,
    /// The limit on open file descriptors.
    pub max_fds: Option<u64>,
    /// The start time in milliseconds since 1970.
    pub start_time_ms: Option<i64>,
    /// The number of threads.
    pub threads: Option<u64>,
}

impl Exposition<'_> {
    /// Appends the families of the selected collectors, and the families that belong to no collector.
    pub fn write(&self, selection: &Selection, format: Format, out: &mut String) {
        self.write_with(selection, format, out, |_| {});
    }

    /// Writes like [`write`](Self::write), with labels that every sample gets.
    pub fn write_labeled(&self, labels: &ConstantLabels, selection: &Selection, format: Format, out: &mut String) {
        self.write_all(labels, selection, format, out, |_| {});
    }

    /// Writes like [`write`](Self::write), and then the families that `more` adds.
    pub fn write_with(
        &self,
        selection: &Selection,
        format: Format,
        out: &mut String,
        more: impl FnOnce(&mut Encoder<'_>),
    ) {
        self.write_all(&ConstantLabels::default(), selection, format, out, more);
    }

    fn write_all(
        &self,
        labels: &ConstantLabels,
        selection: &Selection,
        format: Format,
        out: &mut String,
        more: impl FnOnce(&mut Encoder<'_>),
    ) {
        let agents = RosterAgents::new(self.snapshot, selection.states());
        // Without the reservation, a text of two megabytes grows by doubling and fragments the heap.
        out.reserve(agents.expected_bytes() + BYTES_WITHOUT_AGENTS);
        let mut encoder = Encoder::new(out, format).with_constant_labels(labels.rendered());
        let Snapshot { host, tenant, socket, .. } = self.snapshot;
        self.build.write(&mut encoder);
        let mut fleet = encoder.family(FLEET_INFO);
        fleet.sample().label("host", host).label("tenant", tenant).label("socket", socket).value(true);
        let report = |collector: Collector| self.snapshot.sources.get(&collector.source()?);
        write_success(&mut encoder, selection, |collector| report(collector).is_some_and(|report| report.ok));
        let mut duration = encoder.family(COLLECTOR_DURATION);
        for collector in selection.iter() {
            if let Some(report) = report(collector) {
                duration
                    .sample()
                    .constant_label("collector", collector.as_str())
                    .value(rounded_seconds(report.duration_ms));
            }
        }
        for collector in selection.iter() {
            fleet_families::write(collector, &mut encoder, self, &agents);
        }
        if let Some(process) = self.process {
            process.write(&mut encoder);
        }
        more(&mut encoder);
        encoder.finish();
    }
}

/// Appends the exposition of a scrape that ran out of time: the build, and no success for the selected collectors.
pub fn write_out_of_time(build: Build, selection: &Selection, format: Format, out: &mut String) {
    let mut encoder = Encoder::new(out, format);
    build.write(&mut encoder);
    write_success(&mut encoder, selection, |_| false);
    encoder.finish();
}

impl Build {
    fn write(self, encoder: &mut Encoder<'_>) {
        let mut info = encoder.family(BUILD_INFO);
        info.sample().label("version", self.version).label("revision", self.revision).value(true);
    }
}

impl OwnProcess {
    fn write(self, encoder: &mut Encoder<'_>) {
        encoder.family(PROCESS_CPU).write(self.cpu_seconds);
        encoder.family(PROCESS_RESIDENT).write(self.resident_memory_bytes);
        encoder.family(PROCESS_VIRTUAL).write(self.virtual_memory_bytes);
        encoder.family(PROCESS_OPEN_FDS).write(self.open_fds);
        encoder.family(PROCESS_MAX_FDS).write(self.max_fds);
        encoder.family(PROCESS_START_TIME).write(self.start_time_ms.map(Milliseconds));
        encoder.family(PROCESS_THREADS).write(self.threads);
    }
}

fn write_success(encoder: &mut Encoder<'_>, selection: &Selection, succeeded: impl Fn(Collector) -> bool) {
    let mut samples = encoder.family(COLLECTOR_SUCCESS);
    for collector in selection.iter().filter(|collector| collector.source().is_some()) {
        samples.sample().constant_label("collector", collector.as_str()).value(succeeded(collector));
    }
}

/// Rounds to microseconds. Further digits are noise that every scrape would transfer.
fn rounded_seconds(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1_000_000.0
}
