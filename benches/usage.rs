//! What a sidecar consumes while it beats.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs;
use std::ops::{Add, Sub};

/// Time of the processor, and how often it was given up to wait for something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    pub(crate) milliseconds: f64,
    pub(crate) switches: f64,
}

impl Usage {
    /// Of a process alone, so far: the scheduler's own sums, to the nanosecond.
    pub(crate) fn of(pid: u32) -> Result<Self, String> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
        };
        let run = read("schedstat")?;
        let nanoseconds: Option<f64> = run.split(' ').next().and_then(|time| time.parse().ok());
        let status = read("status")?;
        let switches = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        Ok(Self {
            milliseconds: nanoseconds.ok_or("schedstat has no time")? / 1e6,
            switches: switches.and_then(|count| count.trim().parse().ok()).ok_or("status has no switches")?,
        })
    }

    /// Kills a process that has come to this one and takes its account: of itself and of all the
    /// children it has waited for, from its first moment to its last.
    pub(crate) fn of_life(pid: u32) -> Result<Self, String> {
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or("no PID")?;
        let before = Self::of_the_dead()?;
        let ended = kill_process(process, Signal::KILL).and_then(|()| waitpid(Some(process), WaitOptions::empty()));
        ended.map_err(|error| format!("the end of process {pid}: {error}"))?;
        Ok(Self::of_the_dead()? - before)
    }

    /// Of everything this process has waited for.
    #[allow(clippy::cast_precision_loss, reason = "a run has far fewer than 2^52 of either")]
    fn of_the_dead() -> Result<Self, String> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
        let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Ok(Self { milliseconds: microseconds as f64 / 1e3, switches: usage.voluntary_context_switches() as f64 })
    }

    /// A share of it, for each of so many beats.
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
