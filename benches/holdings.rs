//! What a process that runs for weeks must not collect.

use std::fs;
use std::path::PathBuf;

/// How many of each it has at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holdings {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    pub(crate) children: usize,
}

impl Holdings {
    pub(crate) fn of(pid: u32) -> Result<Self, String> {
        let threads = entries(pid, "task")?;
        let children = |thread: &PathBuf| fs::read_to_string(thread.join("children")).unwrap_or_default();
        Ok(Self {
            descriptors: entries(pid, "fd")?.len(),
            threads: threads.len(),
            children: threads.iter().map(|thread| children(thread).split_whitespace().count()).sum(),
        })
    }

    /// How far two moments are apart, whichever has more.
    pub(crate) fn differences(self, other: Self) -> usize {
        self.descriptors.abs_diff(other.descriptors)
            + self.threads.abs_diff(other.threads)
            + self.children.abs_diff(other.children)
    }
}

/// `VmRSS`, `VmHWM`, …: what the kernel says of a process, in kB.
pub(crate) fn kilobytes(pid: u32, key: &str) -> Result<f64, String> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')?.strip_suffix("kB"));
    line.and_then(|number| number.trim().parse().ok()).ok_or_else(|| format!("{path} has no {key}"))
}

/// How often the threads that it has now have gone to sleep.
pub(crate) fn sleeps(pid: u32) -> Result<f64, String> {
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

#[cfg(test)]
mod tests {
    use super::{Holdings, kilobytes};
    use std::fs::File;

    #[test]
    fn what_a_process_takes_is_seen_and_so_is_what_it_gives_back() {
        let own = || Holdings::of(std::process::id()).unwrap();
        let before = own();
        let file = File::open("/proc/self/stat").unwrap();
        assert!(own().descriptors > before.descriptors);
        assert_eq!(Holdings { threads: before.threads + 2, ..before }.differences(before), 2);
        drop(file);
        assert!(kilobytes(std::process::id(), "VmHWM") >= kilobytes(std::process::id(), "VmRSS"));
    }
}
