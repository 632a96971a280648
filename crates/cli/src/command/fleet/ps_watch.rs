//! `mosaic fleet ps --watch`: observes the fleet repeatedly, and updates the table.
//!
//! Observations run on a thread of their own, so that signals, keys and size changes of the terminal never wait
//! for a source that hangs.

use std::io::{self, IsTerminal, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use mosaic_exit_code::ExitCode;
use mosaic_probe::Snapshot;
use mosaic_process::spawn_thread;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::context::Context;
use crate::error::CommandError;
use crate::view::{LiveScreen, Style, fleet_page, print, render};

/// The shortest interval. Each observation takes CPU time.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

enum Event {
    Observed(Box<Result<Snapshot, CommandError>>),
    Resized,
    Suspended,
    Quit,
}

/// Shows the fleet every `interval`. `restyle` changes the style of the terminal.
pub(super) fn watch(
    context: &Context,
    interval: Duration,
    restyle: impl Fn(Style) -> Style,
) -> Result<ExitCode, CommandError> {
    let interval = interval.max(MIN_INTERVAL);
    let (events, arrivals) = channel();
    let terminal = |source| CommandError::io("use", "the terminal", source);
    let observe_again = spawn_observer(context.clone(), events.clone()).map_err(terminal)?;
    spawn_signal_handler(events.clone()).map_err(terminal)?;
    let on_terminal =
        io::stdout().is_terminal() && context.fleet.environment.variable("TERM").is_some_and(|term| term != "dumb");
    let mut screen = if on_terminal { Some(LiveScreen::enter().map_err(terminal)?) } else { None };
    if on_terminal && io::stdin().is_terminal() {
        spawn_key_reader(events).map_err(terminal)?;
    }
    let style = || restyle(Style::for_stdout(|name| context.fleet.environment.variable(name)));
    let mut last: Option<Snapshot> = None;
    let mut due: Option<Instant> = None;
    loop {
        match next(&arrivals, due) {
            Some(Event::Quit) => return Ok(ExitCode::Ok),
            Some(Event::Observed(result)) => {
                let snapshot = (*result)?;
                due = Some(Instant::now() + interval);
                match &screen {
                    Some(screen) => screen.show(&fleet_page(&snapshot, &style()), &style()).map_err(terminal)?,
                    None => print(&(render(&fleet_page(&snapshot, &style()), &style()) + "\n"))?,
                }
                last = Some(snapshot);
            }
            Some(Event::Suspended) if screen.is_some() => {
                drop(screen.take());
                emulate_default_handler(SIGTSTP).map_err(terminal)?;
                let again = LiveScreen::enter().map_err(terminal)?;
                redraw(&again, last.as_ref(), &style()).map_err(terminal)?;
                screen = Some(again);
            }
            Some(Event::Suspended) => emulate_default_handler(SIGTSTP).map_err(terminal)?,
            Some(Event::Resized) => {
                if let Some(screen) = &screen {
                    redraw(screen, last.as_ref(), &style()).map_err(terminal)?;
                }
            }
            None => {
                due = None;
                // An observer thread that has ended has sent its error before.
                let _ = observe_again.send(());
            }
        }
    }
}

fn redraw(screen: &LiveScreen, last: Option<&Snapshot>, style: &Style) -> io::Result<()> {
    last.map_or(Ok(()), |snapshot| screen.show(&fleet_page(snapshot, style), style))
}

/// The next event; `None` when the next observation is due.
fn next(arrivals: &Receiver<Event>, due: Option<Instant>) -> Option<Event> {
    let left = due.map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()));
    match arrivals.recv_timeout(left) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => Some(Event::Quit),
    }
}

/// Observes the fleet at once, and then each time the returned sender is used.
fn spawn_observer(context: Context, events: Sender<Event>) -> io::Result<Sender<()>> {
    let (observe_again, requests) = channel();
    spawn_thread(move || {
        while events.send(Event::Observed(Box::new(context.snapshot()))).is_ok() && requests.recv().is_ok() {}
    })?;
    Ok(observe_again)
}

fn spawn_signal_handler(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP])?;
    spawn_thread(move || {
        for signal in signals.forever() {
            let event = match signal {
                SIGWINCH => Event::Resized,
                SIGTSTP => Event::Suspended,
                _ => Event::Quit,
            };
            if events.send(event).is_err() {
                return;
            }
        }
    })
    .map(drop)
}

fn spawn_key_reader(events: Sender<Event>) -> io::Result<()> {
    spawn_thread(move || {
        let mut key = [0];
        while io::stdin().read(&mut key).is_ok_and(|read| read > 0) {
            if key == *b"q" && events.send(Event::Quit).is_err() {
                return;
            }
        }
    })
    .map(drop)
}
