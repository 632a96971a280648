//! The process that a developer starts: it has workers measure, prints, and clears up.

use crate::arguments::Arguments;
use crate::colours::Colours;
use crate::figures::Figure;
use crate::message::Message;
use crate::row::Row;
use crate::sweep::sweep;
use crate::table::Table;
use mosaic_harness::ProcessWatch;
use rustix::process::{Signal, getpid, set_child_subreaper};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{BufRead, BufReader, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};

/// The worker that runs, if one does, and whether the developer has had enough.
#[derive(Debug, Default)]
struct State {
    worker: Option<ProcessWatch>,
    interrupted: bool,
}

/// Measures all that was asked for.
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
        // What a killed worker leaves comes here.
        set_child_subreaper(Some(getpid())).expect("to be a subreaper");
        self.listen();
        let mut table = Table::begin();
        for figure in self.arguments.figures() {
            if std::io::stderr().is_terminal() {
                eprintln!("measuring {} …", figure.name());
            }
            let (rows, failure) = self.measure(figure);
            if self.state.lock().expect("no panic holds it").interrupted {
                eprintln!("interrupted; everything that was started is gone");
                return ExitCode::from(130);
            }
            table.add(figure, rows, failure);
        }
        if self.arguments.json {
            println!("{}", table.json());
        } else {
            print!("{}", table.text(Colours::of_standard_output()));
        }
        if self.arguments.check { table.verdict() } else { ExitCode::SUCCESS }
    }

    /// Ctrl-C ends the worker; what it has left is cleared up on the usual way out.
    fn listen(&self) {
        let state = Arc::clone(&self.state);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).expect("to handle signals");
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

    /// The rows that a worker could measure, and why there are not more.
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
                Err(error) => failure = Some(format!("the worker said {line:?}: {error}")),
            }
        }
        match worker.wait() {
            Ok(status) if !status.success() => {
                failure.get_or_insert_with(|| format!("the worker ended with {status}; its message is above"));
            }
            Ok(_) => {}
            Err(error) => failure = Some(format!("the worker: {error}")),
        }
        self.state.lock().expect("no panic holds it").worker = None;
        for fleet in fleets {
            if let Err(error) = sweep(&fleet) {
                eprintln!("left behind: {}: {error}", fleet.display());
            }
        }
        (rows, failure)
    }

    /// `None` if nobody wants it any more.
    fn start(&self, figure: Figure) -> std::io::Result<Option<Child>> {
        let mut state = self.state.lock().expect("no panic holds it");
        if state.interrupted {
            return Ok(None);
        }
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--worker", &figure.name()]).args(self.arguments.effort().flag());
        // In a group of its own: the terminal's Ctrl-C ends it by way of this process.
        let worker = command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        state.worker = Some(ProcessWatch::new(worker.id())?);
        Ok(Some(worker))
    }
}
