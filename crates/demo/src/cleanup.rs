//! Removing everything that a demo started and created, however it ended.
//!
//! A guard process waits for the end of the demo, which it notices by a closed pipe, also after SIGKILL. All
//! processes of the demo have [`MARK`] in their environment, wherever they are in the process tree; all files are in
//! one directory; and the name of that directory is the prefix of the units.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use mosaic_domain::{AgentName, Pid};
use mosaic_exit_code::ExitCode;
use mosaic_process::{PidFd, ProcRoot, monotonic};
use rustix::process::Signal;

use crate::home::Home;
use crate::scene::Signals;
use crate::{AGENTS, DemoError, launcher};

/// The variable that marks the processes of a demo: its value is the directory. It is a variable of tmux, because a
/// tmux server passes on only a few others.
pub(crate) const MARK: &str = "TMUX_TMPDIR";

const READY: &str = "ready";
/// How long a sidecar may take to stop its agent; it kills the agent after 8 s.
const STOP_TIMEOUT: Duration = Duration::from_secs(12);
/// How long the other processes may take to end after SIGTERM.
const TERM_TIMEOUT: Duration = Duration::from_secs(2);
/// How long killing all processes may take.
const KILL_TIMEOUT: Duration = Duration::from_secs(5);

/// The demo's end of the pipe to its guard.
pub(crate) struct Guard {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Guard {
    /// Starts a guard for a directory that exists.
    pub(crate) fn start(home: &Home) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("--guard")
            .arg(home.path())
            // A process group of its own keeps Ctrl-C away from it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
        let mut first = String::new();
        output.read_line(&mut first)?;
        if first.trim_end() == READY { Ok(Self { child, output }) } else { Err(ended(child.wait()?)) }
    }

    /// Lets the guard clean up, and returns a line for everything that it could not remove.
    pub(crate) fn release(mut self) -> io::Result<Vec<String>> {
        drop(self.child.stdin.take());
        let mut left = String::new();
        self.output.read_to_string(&mut left)?;
        let status = self.child.wait()?;
        if status.success() { Ok(left.lines().map(str::to_owned).collect()) } else { Err(ended(status)) }
    }
}

fn ended(status: std::process::ExitStatus) -> io::Error {
    io::Error::other(format!("the guard ended with {status}"))
}

/// The role `--guard`.
pub(crate) fn run_guard(directory: &Path) -> Result<ExitCode, DemoError> {
    // Signals must not end it early.
    let _signals = Signals::catch().map_err(DemoError::io("catch signals"))?;
    let home = Home::new(directory.to_owned());
    let processes = MarkedProcesses::new(&home);
    println!("{READY}");
    let _ = io::stdin().read_to_end(&mut Vec::new());
    for line in clean_up(&home, &processes) {
        // After SIGKILL the demo does not read it.
        let _ = writeln!(io::stdout(), "{line}");
    }
    Ok(ExitCode::Ok)
}

/// Stops what runs, by force if necessary, and removes the directory. Returns a line for everything that is left.
fn clean_up(home: &Home, processes: &MarkedProcesses) -> Vec<String> {
    let stop_units = || if home.join("units").exists() { launcher::stop_units(home) } else { Ok(()) };
    let mut left: Vec<String> = stop_units().err().into_iter().collect();
    stop_sidecars(home, processes);
    left.extend(processes.end_all().into_iter().map(|pid| format!("process {pid}")));
    // A start that was under way when the demo was killed may have added a unit.
    left.extend(stop_units().err());
    left.extend(remove(home).err().map(|error| format!("{}: {error}", home.path().display())));
    left
}

/// Asks each sidecar to stop its agent and remove the session.
fn stop_sidecars(home: &Home, processes: &MarkedProcesses) {
    let sidecar = |agent: &str| {
        let agent: AgentName = agent.parse().ok()?;
        let heartbeat = mosaic_heartbeat::read(&home.run().heartbeat(&agent)).ok()??;
        processes.open(heartbeat.binding?.sidecar)
    };
    let sidecars: Vec<_> = AGENTS.into_iter().filter_map(sidecar).collect();
    for (_, process) in &sidecars {
        let _ = process.signal(Signal::TERM);
    }
    wait_for(&sidecars, STOP_TIMEOUT);
}

/// Removes the directory, again if a process that was just killed has created a file in it.
fn remove(home: &Home) -> io::Result<()> {
    let deadline = monotonic() + TERM_TIMEOUT;
    loop {
        match home.remove() {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty && monotonic() < deadline => {}
            other => return other,
        }
    }
}

/// The processes of a demo other than the guard and the demo itself.
struct MarkedProcesses {
    proc: ProcRoot,
    directory: PathBuf,
    excluded: Vec<Pid>,
}

impl MarkedProcesses {
    fn new(home: &Home) -> Self {
        let excluded = [parent_id(), std::process::id()].into_iter().filter_map(Pid::new).collect();
        Self { proc: ProcRoot::default(), directory: home.path().to_owned(), excluded }
    }

    /// Ends all processes: SIGTERM first, then SIGKILL. Returns those that did not end.
    fn end_all(&self) -> Vec<Pid> {
        let processes = self.find();
        for (_, process) in &processes {
            // SIGHUP ends shells, which ignore SIGTERM; SIGCONT resumes stopped processes.
            let _ = [Signal::TERM, Signal::HUP, Signal::CONT].map(|signal| process.signal(signal));
        }
        wait_for(&processes, TERM_TIMEOUT);
        let deadline = monotonic() + KILL_TIMEOUT;
        loop {
            // Repeated, because a process that was not found yet may have started another one.
            let left = self.find();
            if left.is_empty() || monotonic() > deadline {
                return left.into_iter().map(|(pid, _)| pid).collect();
            }
            for (_, process) in &left {
                let _ = process.signal(Signal::KILL);
            }
            wait_for(&left, deadline.saturating_sub(monotonic()));
        }
    }

    fn find(&self) -> Vec<(Pid, PidFd)> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<Pid>().ok());
        pids.filter_map(|pid| self.open(pid)).collect()
    }

    /// Opens a process that has the mark. The mark is read after opening, because the PID may have been reused.
    fn open(&self, pid: Pid) -> Option<(Pid, PidFd)> {
        let process = PidFd::open(pid).ok()?;
        let marked = self.proc.variable(pid, MARK).ok().flatten().is_some_and(|value| value == self.directory);
        (marked && !self.excluded.contains(&pid) && !process.has_ended().unwrap_or(true)).then_some((pid, process))
    }
}

fn wait_for(processes: &[(Pid, PidFd)], limit: Duration) {
    let deadline = monotonic() + limit;
    for (_, process) in processes {
        let _ = process.wait(Some(deadline.saturating_sub(monotonic())));
    }
}
