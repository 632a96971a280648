//! What the program that answers uses itself, in the words that all exporters have for it.

use crate::encoder::Encoder;
use crate::family::Family;
use crate::number::Milliseconds;

const CPU: &Family = Family::named("process_cpu_seconds_total");
const RESIDENT: &Family = Family::named("process_resident_memory_bytes");
const VIRTUAL: &Family = Family::named("process_virtual_memory_bytes");
const OPEN_FDS: &Family = Family::named("process_open_fds");
const MAX_FDS: &Family = Family::named("process_max_fds");
const START_TIME: &Family = Family::named("process_start_time_seconds");
const THREADS: &Family = Family::named("process_threads");

/// The process that answers. What is not known is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnProcess {
    /// CPU time, of user and kernel together, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Resident memory.
    pub resident_memory_bytes: Option<u64>,
    /// Virtual memory.
    pub virtual_memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// How many there may be.
    pub max_fds: Option<u64>,
    /// When it started, in milliseconds since 1970.
    pub start_time_ms: Option<i64>,
    /// Threads.
    pub threads: Option<u64>,
}

impl OwnProcess {
    pub(crate) fn write(self, encoder: &mut Encoder<'_>) {
        encoder.family(CPU).only(self.cpu_seconds);
        encoder.family(RESIDENT).only(self.resident_memory_bytes);
        encoder.family(VIRTUAL).only(self.virtual_memory_bytes);
        encoder.family(OPEN_FDS).only(self.open_fds);
        encoder.family(MAX_FDS).only(self.max_fds);
        encoder.family(START_TIME).only(self.start_time_ms.map(Milliseconds));
        encoder.family(THREADS).only(self.threads);
    }
}
