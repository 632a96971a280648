//! The processor time of a whole process.

use nix::sys::time::TimeValLike;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::fs;

/// Of a process with all its threads, also those that have ended, in milliseconds: the kernel's clock of
/// it, to the nanosecond.
#[allow(clippy::cast_precision_loss, reason = "2^52 nanoseconds are 52 days")]
pub(crate) fn processor_time(pid: u32) -> Result<f64, String> {
    let now = clock_getcpuclockid(Pid::from_raw(pid.cast_signed())).and_then(clock_gettime);
    now.map(|time| time.num_nanoseconds() as f64 / 1e6).map_err(|error| format!("the clock of process {pid}: {error}"))
}

/// Of the children that it has waited for, in milliseconds: whole ticks of the kernel's.
#[allow(clippy::cast_precision_loss, reason = "2^52 ticks are longer than anybody measures")]
pub(crate) fn processor_time_of_children(pid: u32) -> Result<f64, String> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let ticks = children(&text).ok_or_else(|| format!("{path} is {text:?}"))?;
    Ok(ticks as f64 * 1e3 / rustix::param::clock_ticks_per_second() as f64)
}

/// Fields 16 and 17, see `proc_pid_stat(5)`; the second may have spaces and parentheses in it.
fn children(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(13).map(str::parse::<u64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::{children, processor_time};

    #[test]
    fn the_kernels_line_is_read_behind_any_name() {
        let stat = "7 (a) b 1 2) S 1 7 7 0 -1 4194560 10 20 0 0 31 32 33 34 20 0 1 0 100 8192 2 18446744073709551615";
        assert_eq!(children(stat), Some(33 + 34));
    }

    #[test]
    fn a_process_that_computes_has_used_time() {
        let before = processor_time(std::process::id()).unwrap();
        let sum: u64 = std::hint::black_box((0..100_000_u64).map(|number| number ^ 3).sum());
        assert!(sum > 0 && processor_time(std::process::id()).unwrap() > before);
    }
}
