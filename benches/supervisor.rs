//! The main process, which starts a worker process per figure, prints the results and cleans up.

use crate::arguments::{Arguments, Effort};
use crate::figures::Figure;
use crate::row::Row;
use crate::table::{Colors, Table};
use mosaic_harness::{Deadline, ProcessWatch};
use rustix::process::{Signal, getpid, set_child_subreaper};
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The running worker, if any, and whether the run is interrupted.
#[derive(Debug, Default)]
struct State {
    worker: Option<ProcessWatch>,
    interrupted: bool,
}

/// Runs the workers of the selected figures.
#[derive(Debug)]
pub(crate) struct Supervisor {
    arguments: Arguments,
    state: Arc<Mutex<State>>,
}

impl Supervisor {
    pub(crate) fn new(arguments: Arguments) -> Self {
        Self { arguments, state: Arc::default() }
    }

    pub(crate) fn run(self) -> ExitCode {
        // Orphans of a killed worker become children of this process.
        set_child_subreaper(Some(getpid())).expect("become a subreaper");
        self.handle_signals();
        let mut table = Table::new();
        for figure in self.arguments.figures() {
            if io::stderr().is_terminal() {
                eprintln!("measuring {} …", figure.name());
            }
            let (rows, failure) = self.measure(figure);
            if self.state.lock().expect("no panic holds it").interrupted {
                eprintln!("interrupted; all processes and files are removed");
                return ExitCode::from(130);
            }
            table.add(figure, rows, failure);
        }
        if self.arguments.json {
            println!("{}", table.json());
        } else {
            print!("{}", table.text(Colors::for_stdout()));
        }
        if self.arguments.check { table.exit_code() } else { ExitCode::SUCCESS }
    }

    /// Kills the worker on Ctrl-C. The usual cleanup follows.
    fn handle_signals(&self) {
        let state = Arc::clone(&self.state);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).expect("install signal handlers");
        std::thread::spawn(move || {
            for _ in signals.forever() {
                let mut state = state.lock().expect("no panic holds it");
                state.interrupted = true;
                if let Some(worker) = &state.worker {
                    worker.signal(Signal::KILL.as_raw());
                }
            }
        });
    }

    /// Runs a worker and returns its rows and the reason if rows are missing.
    fn measure(&self, figure: Figure) -> (Vec<Row>, Option<String>) {
        let mut worker = match self.start(figure) {
            Ok(Some(worker)) => worker,
            Ok(None) => return (Vec::new(), None),
            Err(error) => return (Vec::new(), Some(format!("the worker: {error}"))),
        };
        let (mut rows, mut failure, mut fleets) = (Vec::new(), None, Vec::new());
        let lines = worker.stdout.take().map(|pipe| BufReader::new(pipe).lines().map_while(Result::ok));
        for line in lines.into_iter().flatten() {
            match serde_json::from_str(&line) {
                Ok(Message::Fleet(root)) => fleets.push(root),
                Ok(Message::Row(row)) => rows.push(*row),
                Ok(Message::CouldNotRun(reason)) => failure = Some(reason),
                Err(error) => failure = Some(format!("cannot parse the worker's line {line:?}: {error}")),
            }
        }
        match worker.wait() {
            Ok(status) if !status.success() => {
                failure.get_or_insert_with(|| format!("the worker failed with {status}; its message is printed above"));
            }
            Ok(_) => {}
            Err(error) => failure = Some(format!("the worker: {error}")),
        }
        self.state.lock().expect("no panic holds it").worker = None;
        for fleet in fleets {
            if let Err(error) = remove_leftovers(&fleet) {
                eprintln!("cannot remove {}: {error}", fleet.display());
            }
        }
        (rows, failure)
    }

    /// Starts a worker; `None` if the run is interrupted.
    fn start(&self, figure: Figure) -> io::Result<Option<Child>> {
        let mut state = self.state.lock().expect("no panic holds it");
        if state.interrupted {
            return Ok(None);
        }
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--worker", &figure.name()]).args(self.arguments.effort().flag());
        // In its own process group, so that Ctrl-C reaches only this process.
        let worker = command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        state.worker = Some(ProcessWatch::new(worker.id())?);
        Ok(Some(worker))
    }
}

/// Measures a figure as a worker process and sends the results to the supervisor.
pub(crate) fn run_worker(figure: Figure, effort: Effort) -> ExitCode {
    // Sidecars outlive their launchers and become children of this process, so that the kernel reports their resource
    // usage and that of their children to it.
    set_child_subreaper(Some(getpid())).expect("become a subreaper");
    if let Err(reason) = figure.measure(effort) {
        Message::CouldNotRun(reason).send();
    }
    ExitCode::SUCCESS
}

/// A line that a worker writes to its standard output, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// A fleet has been created in this directory.
    Fleet(PathBuf),
    /// A finished row of the table.
    Row(Box<Row>),
    /// The reason why the rest of the figure cannot be measured.
    CouldNotRun(String),
}

impl Message {
    /// Writes the message; panics if the supervisor has exited, since the results are of no use then.
    pub(crate) fn send(&self) {
        let line = serde_json::to_string(self).expect("a message is JSON");
        let mut supervisor = io::stdout().lock();
        writeln!(supervisor, "{line}").and_then(|()| supervisor.flush()).expect("write to the supervisor");
    }
}

/// Kills the processes of a fleet and removes its directory. A worker that has finished has already done both.
///
/// # Errors
/// If a process survives SIGKILL or the directory cannot be removed.
pub(crate) fn remove_leftovers(fleet: &Path) -> io::Result<()> {
    let deadline = Deadline::after(Duration::from_secs(10));
    if !fleet.exists() {
        return Ok(());
    }
    loop {
        let alive = processes_of(fleet);
        if alive.is_empty() {
            return remove_tree(fleet);
        }
        if deadline.passed() {
            return Err(io::Error::other(format!("these processes survive SIGKILL: {alive:?}")));
        }
        for pid in alive {
            // Checked again after the pidfd is open: the PID may have been reused.
            let Ok(process) = ProcessWatch::new(pid) else { continue };
            if belongs_to(pid, fleet) {
                process.signal(Signal::KILL.as_raw());
                let _ = process.wait_for(deadline.remaining());
            }
        }
    }
}

fn processes_of(fleet: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != std::process::id() && belongs_to(*pid, fleet)).collect()
}

/// Whether a process has the fleet's directory in its environment, as every process of the fleet does.
fn belongs_to(pid: u32, fleet: &Path) -> bool {
    let root = fleet.as_os_str().as_bytes();
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| environ.windows(root.len()).any(|part| part == root))
}

/// Removes a directory tree. A user manager creates directories without any permission, so this adds them.
fn remove_tree(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    let entries: Vec<PathBuf> = fs::read_dir(directory)?.flatten().map(|entry| entry.path()).collect();
    for entry in entries {
        if entry.is_dir() && !entry.is_symlink() { remove_tree(&entry)? } else { fs::remove_file(&entry)? }
    }
    fs::remove_dir(directory)
}
