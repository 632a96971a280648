//! The resources of the exporter's own process, for the families that all exporters have.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::{Pid, ProcessIdentity};
use mosaic_metrics::OwnProcess;
use mosaic_process::ProcRoot;
use rustix::process::{Resource, getrlimit};

/// Reads the current values. A value that cannot be read is omitted.
pub(crate) fn own_process() -> OwnProcess {
    let proc = ProcRoot::default();
    let stat = Pid::new(std::process::id()).and_then(|pid| proc.stat(pid).ok()?);
    let page = u64::try_from(rustix::param::page_size()).ok();
    OwnProcess {
        cpu_seconds: stat.as_ref().map(|stat| cpu_time(stat.cpu_ticks).as_secs_f64()),
        resident_memory_bytes: stat.zip(page).map(|(stat, page)| stat.resident_pages.saturating_mul(page)),
        virtual_memory_bytes: fs::read_to_string("/proc/self/statm")
            .ok()
            .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
            .zip(page)
            .map(|(pages, page)| pages.saturating_mul(page)),
        open_fds: open_descriptors(),
        max_fds: getrlimit(Resource::Nofile).current,
        start_time_ms: start_time(&proc),
        threads: entries("/proc/self/task"),
    }
}

fn cpu_time(ticks: u64) -> Duration {
    let ticks_per_second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_millis(ticks.saturating_mul(1000) / ticks_per_second)
}

/// The start time in milliseconds since 1970. It is computed once, because each pair of clock readings gives a slightly
/// different one.
fn start_time(proc: &ProcRoot) -> Option<i64> {
    static START: OnceLock<i64> = OnceLock::new();
    if let Some(known) = START.get() {
        return Some(*known);
    }
    let pid = Pid::new(std::process::id())?;
    let start_ticks = proc.stat(pid).ok()??.start_ticks;
    let started = started(&ProcessIdentity { pid, start_ticks, boot: proc.boot_id().ok()? })?;
    Some(*START.get_or_init(|| started))
}

fn started(process: &ProcessIdentity) -> Option<i64> {
    let age = mosaic_process::since_boot().checked_sub(mosaic_process::process_start_time(process))?;
    Some(Timestamp::now().as_millisecond() - i64::try_from(age.as_millis()).ok()?)
}

/// The number of open descriptors. Since Linux 6.2 it is the size of the directory, which is faster than counting
/// thousands of entries.
fn open_descriptors() -> Option<u64> {
    const DIRECTORY: &str = "/proc/self/fd";
    let size = fs::metadata(DIRECTORY).ok().map(|directory| directory.len()).filter(|size| *size > 0);
    // Reading the directory opens one descriptor more.
    size.or_else(|| Some(entries(DIRECTORY)?.saturating_sub(1)))
}

fn entries(directory: impl AsRef<Path>) -> Option<u64> {
    u64::try_from(fs::read_dir(directory).ok()?.count()).ok()
}

#[cfg(test)]
mod tests {
    use super::own_process;
    use jiff::Timestamp;

    #[test]
    fn the_start_time_is_constant() {
        let start = own_process().start_time_ms;
        for _ in 0..2000 {
            assert_eq!(own_process().start_time_ms, start);
        }
    }

    #[test]
    fn the_values_of_this_process_are_plausible() {
        let own = own_process();
        let age = Timestamp::now().as_millisecond() - own.start_time_ms.unwrap();
        assert!((0..600_000).contains(&age), "{age} ms");
        assert!(own.resident_memory_bytes.unwrap() > 100_000);
        assert!(own.virtual_memory_bytes >= own.resident_memory_bytes);
        assert!(own.open_fds.unwrap() >= 1 && own.threads.unwrap() >= 1, "{own:?}");
        assert!(own.max_fds >= own.open_fds && own.cpu_seconds.is_some(), "{own:?}");
    }
}
