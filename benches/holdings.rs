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
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    /// Of a shell that has run this and waits for a child.
    fn holdings(script: &str) -> Holdings {
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &format!("{script}; cat; :")]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let (mut to, from) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        to.write_all(b"ready\n").unwrap();
        // It comes back through the child, which so is there.
        BufReader::new(from).read_line(&mut String::new()).unwrap();
        let holdings = Holdings::of(shell.id()).unwrap();
        assert!(kilobytes(shell.id(), "VmHWM") >= kilobytes(shell.id(), "VmRSS"));
        drop(to);
        shell.wait().unwrap();
        holdings
    }

    #[test]
    fn one_more_of_anything_is_a_difference() {
        let (plain, with_a_file) = (holdings(":"), holdings("exec 9</dev/null"));
        assert_eq!((plain.threads, plain.children), (1, 1));
        assert_eq!(Holdings { descriptors: plain.descriptors + 1, ..plain }, with_a_file);
        for other in [with_a_file, Holdings { threads: 2, ..plain }, Holdings { children: 0, ..plain }] {
            assert_eq!(plain.differences(other), 1, "{other:?}");
        }
    }
}
