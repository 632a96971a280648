//! Resource usage of a process, read from the kernel: CPU time, context switches, memory, descriptors, threads.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid as NixPid;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs;
use std::ops::{Add, AddAssign, Sub};
use std::path::PathBuf;

/// CPU time and voluntary context switches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) milliseconds: f64,
    pub(crate) switches: f64,
}

impl Usage {
    /// Reads the usage of a process without its children, with nanosecond precision.
    pub(crate) fn read(pid: u32) -> Result<Self, String> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
        };
        let run = read("schedstat")?;
        let nanoseconds: Option<f64> = run.split(' ').next().and_then(|time| time.parse().ok());
        let status = read("status")?;
        let switches = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        Ok(Self {
            milliseconds: nanoseconds.ok_or("schedstat has no CPU time")? / 1e6,
            switches: switches
                .and_then(|count| count.trim().parse().ok())
                .ok_or("status has no voluntary_ctxt_switches")?,
        })
    }

    /// Kills a child of this process and returns its usage since its start, including the children that it has waited
    /// for.
    pub(crate) fn kill_and_account(pid: u32) -> Result<Self, String> {
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or("not a PID")?;
        let before = Self::waited_children()?;
        let ended = kill_process(process, Signal::KILL).and_then(|()| waitpid(Some(process), WaitOptions::empty()));
        ended.map_err(|error| format!("cannot kill and wait for process {pid}: {error}"))?;
        Ok(Self::waited_children()? - before)
    }

    /// The usage of all children that this process has waited for.
    #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2^52 of either")]
    fn waited_children() -> Result<Self, String> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
        let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Ok(Self { milliseconds: microseconds as f64 / 1e3, switches: usage.voluntary_context_switches() as f64 })
    }

    /// Divides the usage by the number of heartbeats.
    #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2^52 beats")]
    pub(crate) fn per(self, beats: usize) -> Self {
        let beats = beats as f64;
        Self { milliseconds: self.milliseconds / beats, switches: self.switches / beats }
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { milliseconds: self.milliseconds - other.milliseconds, switches: self.switches - other.switches }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { milliseconds: self.milliseconds + other.milliseconds, switches: self.switches + other.switches }
    }
}

/// The CPU time of a process in milliseconds, including threads that have ended, from the process's CPU clock with
/// nanosecond precision.
#[allow(clippy::cast_precision_loss, reason = "2^52 nanoseconds are 52 days")]
pub(crate) fn processor_time(pid: u32) -> Result<f64, String> {
    let now = clock_getcpuclockid(NixPid::from_raw(pid.cast_signed())).and_then(clock_gettime);
    now.map(|time| time.num_nanoseconds() as f64 / 1e6)
        .map_err(|error| format!("cannot read the CPU clock of process {pid}: {error}"))
}

/// The CPU time of the children that a process has waited for, in milliseconds, with the precision of a clock tick.
#[allow(clippy::cast_precision_loss, reason = "2^52 ticks are longer than any run")]
pub(crate) fn processor_time_of_children(pid: u32) -> Result<f64, String> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let ticks = children_ticks(&text).ok_or_else(|| format!("cannot parse {path}: {text:?}"))?;
    Ok(ticks as f64 * 1e3 / rustix::param::clock_ticks_per_second() as f64)
}

/// The sum of fields 16 and 17, see `proc_pid_stat(5)`. The command in field 2 may contain spaces and parentheses.
fn children_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(13).map(str::parse::<u64>);
    Some(fields.next()?.ok()? + fields.next()?.ok()?)
}

/// Counts of a process's resources, to find leaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResourceCounts {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    pub(crate) children: usize,
}

impl ResourceCounts {
    pub(crate) fn read(pid: u32) -> Result<Self, String> {
        let threads = entries(pid, "task")?;
        let children = |thread: &PathBuf| fs::read_to_string(thread.join("children")).unwrap_or_default();
        Ok(Self {
            descriptors: entries(pid, "fd")?.len(),
            threads: threads.len(),
            children: threads.iter().map(|thread| children(thread).split_whitespace().count()).sum(),
        })
    }

    /// The sum of the absolute differences of the counts.
    pub(crate) fn difference(self, other: Self) -> usize {
        self.descriptors.abs_diff(other.descriptors)
            + self.threads.abs_diff(other.threads)
            + self.children.abs_diff(other.children)
    }
}

/// Reads a value in kB from `/proc/PID/status`, for example `VmRSS` or `VmHWM`.
pub(crate) fn status_kilobytes(pid: u32, key: &str) -> Result<f64, String> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')?.strip_suffix("kB"));
    line.and_then(|number| number.trim().parse().ok()).ok_or_else(|| format!("{path} has no {key}"))
}

/// The voluntary context switches of a process's present threads.
pub(crate) fn voluntary_switches(pid: u32) -> Result<f64, String> {
    let sleeps = |thread: PathBuf| {
        let text = fs::read_to_string(thread.join("status")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.and_then(|number| number.trim().parse::<f64>().ok()).unwrap_or_default()
    };
    Ok(entries(pid, "task")?.into_iter().map(sleeps).sum())
}

fn entries(pid: u32, directory: &str) -> Result<Vec<PathBuf>, String> {
    let path = format!("/proc/{pid}/{directory}");
    let entries = fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// The memory of a process, in kB, from `smaps_rollup`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Smaps {
    pub(crate) resident: f64,
    /// The proportional set size: each page divided by the number of processes that map it.
    pub(crate) proportional: f64,
    pub(crate) private_dirty: f64,
}

impl Smaps {
    pub(crate) fn read(pid: u32) -> Result<Self, String> {
        let path = format!("/proc/{pid}/smaps_rollup");
        fs::read_to_string(&path).map_err(|error| format!("{path}: {error}")).map(|text| Self::parse(&text))
    }

    /// Sums a process and its present children. Children that exit meanwhile are left out.
    pub(crate) fn with_children(pid: u32) -> Result<Self, String> {
        let mut sum = Self::read(pid)?;
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            sum += Self::read(child).unwrap_or_default();
        }
        Ok(sum)
    }

    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
        };
        Self { resident: value("Rss"), proportional: value("Pss"), private_dirty: value("Private_Dirty") }
    }
}

impl AddAssign for Smaps {
    fn add_assign(&mut self, other: Self) {
        self.resident += other.resident;
        self.proportional += other.proportional;
        self.private_dirty += other.private_dirty;
    }
}

#[cfg(test)]
mod tests {
    use super::{ResourceCounts, Smaps, children_ticks, processor_time, status_kilobytes};
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    #[test]
    fn stat_is_parsed_after_any_command_name() {
        let stat = "7 (a) b 1 2) S 1 7 7 0 -1 4194560 10 20 0 0 31 32 33 34 20 0 1 0 100 8192 2 18446744073709551615";
        assert_eq!(children_ticks(stat), Some(33 + 34));
    }

    #[test]
    fn processor_time_grows_with_computation() {
        let before = processor_time(std::process::id()).unwrap();
        let sum: u64 = std::hint::black_box((0..100_000_u64).map(|number| number ^ 3).sum());
        assert!(sum > 0 && processor_time(std::process::id()).unwrap() > before);
    }

    /// Counts the resources of a shell that has run a script and waits for a child.
    fn holdings(script: &str) -> ResourceCounts {
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &format!("{script}; cat; :")]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let (mut to, from) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        to.write_all(b"ready\n").unwrap();
        // The line returns through the child, so the child is running.
        BufReader::new(from).read_line(&mut String::new()).unwrap();
        let holdings = ResourceCounts::read(shell.id()).unwrap();
        assert!(status_kilobytes(shell.id(), "VmHWM") >= status_kilobytes(shell.id(), "VmRSS"));
        drop(to);
        shell.wait().unwrap();
        holdings
    }

    #[test]
    fn every_additional_resource_is_a_difference() {
        let (plain, with_a_file) = (holdings(":"), holdings("exec 9</dev/null"));
        assert_eq!((plain.threads, plain.children), (1, 1));
        assert_eq!(ResourceCounts { descriptors: plain.descriptors + 1, ..plain }, with_a_file);
        for other in [with_a_file, ResourceCounts { threads: 2, ..plain }, ResourceCounts { children: 0, ..plain }] {
            assert_eq!(plain.difference(other), 1, "{other:?}");
        }
    }

    #[test]
    fn smaps_rollup_is_parsed() {
        // Captured from Linux 6.18.
        let text = "00200000-7ffc5b9fe000 ---p 00000000 00:00 0                              [rollup]\n\
                    Rss:                 320 kB\nPss:                  50 kB\nPss_Dirty:            36 kB\n\
                    Shared_Clean:        284 kB\nPrivate_Dirty:        36 kB\n";
        let expected = Smaps { resident: 320.0, proportional: 50.0, private_dirty: 36.0 };
        assert_eq!(Smaps::parse(text), expected);
    }
}
