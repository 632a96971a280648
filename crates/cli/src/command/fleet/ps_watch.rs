//! `mosaic fleet ps --watch`: looks again and again, and shows it until somebody has seen enough.
//!
//! The look is in a thread of its own, so that a signal, a key or another size of the terminal never
//! waits for a source that hangs.

use std::io::{self, IsTerminal, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mosaic_domain::ExitCode;
use mosaic_probe::Snapshot;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::context::Context;
use crate::error::CommandError;
use crate::view::{LiveScreen, Style, fleet_page, print, render};

/// Nobody reads faster, and each look costs something.
const FASTEST: Duration = Duration::from_millis(100);

enum Event {
    Looked(Box<Result<Snapshot, CommandError>>),
    Resized,
    Suspended,
    Ended,
}

/// Shows the fleet every `interval`, in the style that `restyle` makes of the terminal's.
pub(super) fn watch(
    context: &Context,
    interval: Duration,
    restyle: impl Fn(Style) -> Style,
) -> Result<ExitCode, CommandError> {
    let interval = interval.max(FASTEST);
    let (events, arrivals) = channel();
    let look_again = looker(context.clone(), events.clone());
    let terminal = |source| CommandError::io("use", "the terminal", source);
    hear_signals(events.clone()).map_err(terminal)?;
    let on_terminal =
        io::stdout().is_terminal() && context.environment.variable("TERM").is_some_and(|term| term != "dumb");
    let mut screen = if on_terminal { Some(LiveScreen::enter().map_err(terminal)?) } else { None };
    if on_terminal && io::stdin().is_terminal() {
        hear_keys(events);
    }
    let style = || restyle(Style::for_stdout(|name| context.environment.variable(name)));
    let mut last: Option<Snapshot> = None;
    let mut due: Option<Instant> = None;
    loop {
        match next(&arrivals, due) {
            Some(Event::Ended) => return Ok(ExitCode::Ok),
            Some(Event::Looked(looked)) => {
                let snapshot = (*looked)?;
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
                // A looker that is gone has said so before.
                let _ = look_again.send(());
            }
        }
    }
}

fn redraw(screen: &LiveScreen, last: Option<&Snapshot>, style: &Style) -> io::Result<()> {
    last.map_or(Ok(()), |snapshot| screen.show(&fleet_page(snapshot, style), style))
}

/// What happens next; nothing if it is time for another look.
fn next(arrivals: &Receiver<Event>, due: Option<Instant>) -> Option<Event> {
    let left = due.map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()));
    match arrivals.recv_timeout(left) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => Some(Event::Ended),
    }
}

/// Looks at once, and then whenever it is told to.
fn looker(context: Context, events: Sender<Event>) -> Sender<()> {
    let (look_again, told) = channel();
    thread::spawn(move || while events.send(Event::Looked(Box::new(context.look()))).is_ok() && told.recv().is_ok() {});
    look_again
}

fn hear_signals(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP])?;
    thread::spawn(move || {
        for signal in signals.forever() {
            let event = match signal {
                SIGWINCH => Event::Resized,
                SIGTSTP => Event::Suspended,
                _ => Event::Ended,
            };
            if events.send(event).is_err() {
                return;
            }
        }
    });
    Ok(())
}

fn hear_keys(events: Sender<Event>) {
    thread::spawn(move || {
        let mut key = [0];
        while io::stdin().read(&mut key).is_ok_and(|read| read > 0) {
            if key == *b"q" && events.send(Event::Ended).is_err() {
                return;
            }
        }
    });
}
