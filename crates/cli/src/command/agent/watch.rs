//! `mosaic agent watch`: looks over an agent's shoulder.

mod interrupt_key;
mod terminal_before;

use std::io::{self, IsTerminal};
use std::os::unix::process::ExitStatusExt;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use mosaic_domain::ExitCode;
use mosaic_tmux::WatchClient;
use rustix::process::{Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::session::session;
use crate::bound;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::NamedAgent;
use terminal_before::TerminalBefore;

/// Look at an agent's screen, live, without a way to touch it
///
/// Nothing that is typed reaches the agent, and its window keeps its size: a smaller terminal shows a
/// part of it. Ctrl-C leaves, and so does Ctrl-B d.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic agent watch coder0")]
pub(crate) struct Watch {
    #[command(flatten)]
    agent: NamedAgent,
}

enum Event {
    /// Somebody wants to leave.
    Interrupted,
    /// The client has ended.
    Ended(io::Result<std::process::ExitStatus>),
}

/// How often is looked whether tmux has taken Ctrl-C for itself.
const OFTEN: Duration = Duration::from_millis(200);

/// How long the client may take to leave: it waits for the server, which may hang.
const PATIENCE: Duration = Duration::from_secs(2);

impl Watch {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            let instead = format!("'mosaic agent tail {agent} -f' does without");
            return Err(CommandError::NoTerminal { what: "mosaic agent watch", instead });
        }
        let (server, _) = session(context, &roster, agent)?;
        let (events, arrivals) = channel();
        let failed = |source| CommandError::io("use", "the terminal", source);
        hear_signals(events.clone()).map_err(failed)?;
        let before = TerminalBefore::remember();
        // From this thread: the kernel binds a child to the thread that starts it.
        let watching = server.watch(agent, &bound::bind)?;
        let client = watching.pid().and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid.get()).ok()?));
        await_end(watching, events);
        let leave = |since: Instant| {
            let signal = if since.elapsed() > PATIENCE { Signal::KILL } else { Signal::TERM };
            // One that has ended in this moment needs no signal.
            let _ = client.map(|client| kill_process(client, signal));
        };
        let mut left: Option<Instant> = None;
        loop {
            match arrivals.recv_timeout(OFTEN) {
                Ok(Event::Interrupted) => {
                    let since = *left.get_or_insert_with(Instant::now);
                    leave(since);
                }
                Ok(Event::Ended(status)) => {
                    let status = status.map_err(failed)?;
                    if status.signal().is_some() {
                        before.restore();
                    }
                    // tmux itself has said why it cannot show anything here.
                    let shown = left.is_some() || status.success();
                    return Ok(if shown { ExitCode::Ok } else { ExitCode::Unavailable });
                }
                Err(RecvTimeoutError::Timeout) => left.map_or_else(interrupt_key::give_back, leave),
                Err(RecvTimeoutError::Disconnected) => return Ok(ExitCode::Ok),
            }
        }
    }
}

fn await_end(mut watching: WatchClient, events: Sender<Event>) {
    thread::spawn(move || {
        let status = watching.wait();
        drop(watching);
        // Nobody listens any more when the program is about to end.
        let _ = events.send(Event::Ended(status));
    });
}

fn hear_signals(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
    thread::spawn(move || signals.forever().all(|_| events.send(Event::Interrupted).is_ok()));
    Ok(())
}
