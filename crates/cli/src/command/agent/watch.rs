//! `mosaic agent watch`: shows an agent's screen live, read-only.

use std::io::{self, IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use clap::Args;
use mosaic_exit_code::ExitCode;
use mosaic_process::spawn_thread;
use mosaic_tmux::WatchClient;
use rustix::process::{Signal, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::agent_pane::find_pane;
use crate::bound;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::NamedAgent;

/// Show an agent's screen live, read-only
///
/// What you type does not reach the agent, and its window keeps its size: a smaller terminal shows a part of it.
/// Ctrl-C or Ctrl-B d ends it.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  mosaic agent watch coder0")]
pub(crate) struct Watch {
    #[command(flatten)]
    agent: NamedAgent,
}

enum Event {
    /// The user wants to end the command.
    Interrupted,
    /// The tmux client has ended.
    Ended(io::Result<std::process::ExitStatus>),
}

/// How often Ctrl-C is enabled again, in case tmux has disabled it.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// How long the client may take to end. It waits for the server, which may hang.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

impl Watch {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            let instead = format!("use 'mosaic agent tail {agent} -f' instead");
            return Err(CommandError::NoTerminal { what: "'mosaic agent watch'", instead });
        }
        let (server, _) = find_pane(context, &roster, agent)?;
        let (events, arrivals) = channel();
        let failed = |source| CommandError::io("use", "the terminal", source);
        forward_signals(events.clone()).map_err(failed)?;
        let saved = SavedTerminal::save();
        // The client is started by this thread, because the kernel binds a child to the thread that starts it.
        let watching = server.watch(agent, &bound::bind)?;
        let client = watching.pid().and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid.get()).ok()?));
        spawn_waiter(watching, events).map_err(failed)?;
        let end_client = |since: Instant| {
            let signal = if since.elapsed() > EXIT_TIMEOUT { Signal::KILL } else { Signal::TERM };
            // A client that has just ended needs no signal.
            let _ = client.map(|client| kill_process(client, signal));
        };
        let mut interrupted: Option<Instant> = None;
        loop {
            match arrivals.recv_timeout(CHECK_INTERVAL) {
                Ok(Event::Interrupted) => {
                    let since = *interrupted.get_or_insert_with(Instant::now);
                    end_client(since);
                }
                Ok(Event::Ended(status)) => {
                    let status = status.map_err(failed)?;
                    if status.signal().is_some() {
                        saved.restore();
                    }
                    // On failure, tmux has printed the reason.
                    let shown = interrupted.is_some() || status.success();
                    return Ok(if shown { ExitCode::Ok } else { ExitCode::Unavailable });
                }
                Err(RecvTimeoutError::Timeout) => interrupted.map_or_else(enable_interrupt_key, end_client),
                Err(RecvTimeoutError::Disconnected) => return Ok(ExitCode::Ok),
            }
        }
    }
}

fn spawn_waiter(mut watching: WatchClient, events: Sender<Event>) -> io::Result<()> {
    spawn_thread(move || {
        let status = watching.wait();
        drop(watching);
        // There is no receiver when the program is about to end.
        let _ = events.send(Event::Ended(status));
    })
    .map(drop)
}

fn forward_signals(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
    spawn_thread(move || signals.forever().all(|_| events.send(Event::Interrupted).is_ok())).map(drop)
}

/// Makes Ctrl-C a signal again if tmux has disabled that. tmux reads every key as it is typed, and ignores Ctrl-C of a
/// read-only client. The other keys do not become signals.
fn enable_interrupt_key() {
    let Ok(mut settings) = tcgetattr(io::stdin()) else { return };
    if settings.local_modes.contains(LocalModes::ISIG) {
        return;
    }
    settings.local_modes.insert(LocalModes::ISIG);
    for other in [SpecialCodeIndex::VQUIT, SpecialCodeIndex::VSUSP] {
        settings.special_codes[other] = 0;
    }
    // If this fails, Ctrl-B d still ends the client.
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &settings);
}

/// The terminal settings before the client. A client that is killed does not restore them: it ends only after an answer
/// of the server, and one that hangs never answers.
#[derive(Debug)]
struct SavedTerminal(Option<Termios>);

/// Turns off the mouse, bracketed paste and extended keys, resets colors and the cursor, and leaves the alternate screen.
const RESET_SEQUENCE: &[u8] =
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[>4m\x1b[?1l\x1b>\
\x1b[m\x1b[?25h\x1b[?1049l\r\n";

impl SavedTerminal {
    fn save() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    /// Restores the settings. Errors are ignored, because the terminal may no longer exist.
    fn restore(&self) {
        if let Some(settings) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, settings);
        }
        let _ = io::stdout().write_all(RESET_SEQUENCE);
        let _ = io::stdout().flush();
    }
}
