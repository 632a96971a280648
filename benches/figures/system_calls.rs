//! Created processes and system calls per heartbeat, counted with strace. The load of the machine does not affect them.

use crate::arguments::Effort;
use crate::fixture::{Contestant, Fixture};
use crate::row::{Bound, Cell, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use crate::unit_fixture::UnitFixture;
use mosaic_harness::Deadline;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The heartbeat interval in seconds. It is short, since the counts do not depend on it.
const INTERVAL: &str = "0.2";
/// The heartbeats in addition to the counted ones: those that [`Trace::parse`] skips, the first of the range, and one
/// spare.
const MORE: usize = 4;

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let wanted = effort.pick(10, 50);
    let fixture = Fixture::new()?;
    let bash = launched(&fixture, Contestant::Bash, wanted)?;
    let rust = launched(&fixture, Contestant::Rust, wanted)?;
    drop(fixture);
    let how = format!("strace -f from the start, from the {}rd to the last of at least {wanted} heartbeats", MORE - 1);
    let row = |figure: &str, bash, rust, bound, how: &str| {
        let (figure, how) = (figure.to_owned(), how.to_owned());
        Message::Row(Box::new(Row { figure, unit: UnitOfMeasure::Count, bash, rust, bound, how })).send();
    };
    row(
        "processes created per heartbeat",
        per_heartbeat(&bash, bash.forks),
        per_heartbeat(&rust, rust.forks),
        Bound::EachAtMost(0.0),
        &how,
    );
    row(
        "system calls per heartbeat",
        per_heartbeat(&bash, bash.calls),
        per_heartbeat(&rust, rust.calls),
        Bound::AtMost(8.0),
        &how,
    );

    let (rust, how) = match UnitFixture::new().and_then(|units| attached(&units, wanted)) {
        Ok(trace) => {
            (per_heartbeat(&trace, trace.calls), "strace -f -p on the main process of the agent's unit".to_owned())
        }
        Err(reason) => (Cell::text("could not run"), reason),
    };
    // In a unit each heartbeat also notifies the manager, and looks at the agent's control group in turn with other checks.
    row("system calls per heartbeat, in a unit", Cell::text("no unit"), rust, Bound::AtMost(8.0), &how);
    Ok(())
}

/// The mean per heartbeat. It is a whole number if every heartbeat makes the same calls.
#[allow(clippy::cast_precision_loss, reason = "a trace has far fewer than 2^52 calls")]
fn per_heartbeat(trace: &Trace, part: usize) -> Cell {
    let mean = part as f64 / trace.beats as f64;
    let mut spread = Samples::from_iter([mean]).spread();
    if let Some(spread) = &mut spread {
        spread.repetitions = trace.beats;
    }
    spread.map_or_else(|| Cell::text("-"), Cell::Measured)
}

/// Traces a launcher and all its descendants.
fn launched(fixture: &Fixture, contestant: Contestant, wanted: usize) -> Result<Trace, String> {
    let agent = contestant.to_string();
    let launcher = fixture.launch(contestant, &agent, INTERVAL).to_command();
    let (mut strace, trace) = strace(fixture);
    strace.arg(launcher.get_program()).args(launcher.get_args());
    strace.envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut beats = fixture.watch_heartbeats();
    let mut strace = spawn(&mut strace)?;
    let heartbeats = beats.wait(&agent, wanted + MORE, Deadline::default());
    fixture.stop(contestant, &agent);
    finish(&mut strace, heartbeats.map(drop))?;
    read(&trace, &agent)
}

/// Attaches to a sidecar that systemd has started.
fn attached(units: &UnitFixture, wanted: usize) -> Result<Trace, String> {
    const AGENT: &str = "watched";
    let fixture = units.fixture();
    units.start(&[AGENT.to_owned()], INTERVAL)?;
    let sidecar = fixture.sidecar(Contestant::Rust, AGENT)?;
    let (mut strace, trace) = strace(fixture);
    strace.args(["-p", &sidecar.to_string()]);
    let mut strace = spawn(&mut strace)?;
    let heartbeats = fixture.watch_heartbeats().wait(AGENT, wanted + MORE, Deadline::default());
    // SIGINT makes strace detach from the sidecar.
    let _ = kill_process(Pid::from_child(&strace), Signal::INT);
    finish(&mut strace, heartbeats.map(drop))?;
    read(&trace, AGENT)
}

fn strace(fixture: &Fixture) -> (Command, PathBuf) {
    let trace = fixture.fleet().root().join("trace");
    let mut command = fixture.fleet().command("strace");
    command.args(["-f", "-qq", "-o"]).arg(&trace).process_group(0);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    (command, trace)
}

fn spawn(strace: &mut Command) -> Result<Child, String> {
    strace.spawn().map_err(|error| format!("strace: {error}"))
}

/// Waits for strace. If there were no heartbeats, adds strace's error output to the reason.
fn finish(strace: &mut Child, heartbeats: Result<(), String>) -> Result<(), String> {
    let Err(reason) = heartbeats else {
        return strace.wait().map(drop).map_err(|error| format!("strace: {error}"));
    };
    let _ = strace.kill();
    let mut stderr = String::new();
    let _ = strace.stderr.take().map(|mut pipe| std::io::Read::read_to_string(&mut pipe, &mut stderr));
    let _ = strace.wait();
    Err(format!("{reason}; strace: {}", stderr.trim()))
}

fn read(trace: &PathBuf, agent: &str) -> Result<Trace, String> {
    let text = fs::read(trace).map_err(|error| format!("strace wrote nothing: {error}"))?;
    Trace::parse(&String::from_utf8_lossy(&text), agent)
}

/// The system calls between a sidecar's heartbeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trace {
    pub(crate) beats: usize,
    pub(crate) calls: usize,
    /// Calls that created a process; threads do not count.
    pub(crate) forks: usize,
}

impl Trace {
    /// Parses the output of `strace -f -o`. The start and the first heartbeats of the agent are left out, since they
    /// make other calls than later ones.
    pub(crate) fn parse(text: &str, agent: &str) -> Result<Self, String> {
        const SKIPPED_BEATS: usize = 2;
        let calls = completed(text);
        let heartbeat = format!("/{agent}.hb\"");
        let is_beat = |call: &String| {
            // mv first tries a rename that fails if the target exists.
            call.starts_with("rename") && call.contains(&heartbeat) && call.ends_with("= 0")
        };
        let beats: Vec<usize> = calls.iter().enumerate().filter(|(_, call)| is_beat(call)).map(|(at, _)| at).collect();
        let beats = beats.get(SKIPPED_BEATS..).unwrap_or_default();
        let (Some(first), Some(last)) = (beats.first(), beats.last()) else {
            return Err(format!("strace recorded {} calls, but not enough heartbeats of {agent}", calls.len()));
        };
        if first == last {
            return Err(format!("strace recorded only one heartbeat of {agent} after the first {SKIPPED_BEATS}"));
        }
        let between = &calls[*first..*last];
        let forks = between.iter().filter(|call| creates_process(call)).count();
        Ok(Self { beats: beats.len() - 1, calls: between.len(), forks })
    }
}

fn creates_process(call: &str) -> bool {
    let name = call.split('(').next().unwrap_or_default();
    matches!(name, "fork" | "vfork" | "clone" | "clone3") && !call.contains("CLONE_THREAD")
}

/// Returns the calls in the order in which they returned, and joins the lines of interrupted calls.
fn completed(text: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((pid, event)) = line.split_once(' ') else { continue };
        let event = event.trim();
        if event.starts_with("+++") || event.starts_with("---") {
            continue;
        }
        if let Some(start) = event.strip_suffix(" <unfinished ...>") {
            begun.insert(pid, start);
        } else if event.starts_with("<... ") {
            let rest = event.split_once(" resumed>").map_or("", |(_, rest)| rest);
            calls.push(format!("{}{rest}", begun.remove(pid).unwrap_or_default()));
        } else {
            calls.push(event.to_owned());
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::Trace;

    #[test]
    fn only_calls_between_heartbeats_count() {
        // Lines of strace 6.1, shortened.
        let start = "7 execve(\"/x/agent-sidecar\", [...], 0x7 /* 9 vars */) = 0\n";
        let beat = "7 openat(AT_FDCWD, \"/r/.a.hb.new\", O_WRONLY) = 3\n\
                    7 rename(\"/r/.a.hb.new\", \"/r/a.hb\") = 0\n\
                    7 poll([{fd=3, events=POLLIN}], 1, 15000) = 0 (Timeout)\n";
        let text = format!("{start}{}", beat.repeat(5));
        assert_eq!(Trace::parse(&text, "a"), Ok(Trace { beats: 2, calls: 6, forks: 0 }));
        assert!(Trace::parse(&text, "b").is_err());
        assert!(Trace::parse(&format!("{start}{}", beat.repeat(3)), "a").is_err());
    }

    #[test]
    fn calls_of_child_processes_count() {
        let beat = "7 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 8\n\
                    7 wait4(-1,  <unfinished ...>\n\
                    8 renameat2(AT_FDCWD, \"/r/a.hb.tmp.7\", AT_FDCWD, \"/r/a.hb\", RENAME_NOREPLACE) = -1 EEXIST\n\
                    8 renameat(AT_FDCWD, \"/r/a.hb.tmp.7\", AT_FDCWD, \"/r/a.hb\" <unfinished ...>\n\
                    8 <... renameat resumed>) = 0\n\
                    8 +++ exited with 0 +++\n\
                    7 <... wait4 resumed>[{WIFEXITED(s)}], 0, NULL) = 8\n\
                    7 --- SIGCHLD {si_signo=SIGCHLD} ---\n";
        assert_eq!(Trace::parse(&beat.repeat(4), "a"), Ok(Trace { beats: 1, calls: 4, forks: 1 }));
    }
}
