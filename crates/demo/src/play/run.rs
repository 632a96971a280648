//! From an empty directory to a fleet, and back to nothing.

use std::env;
use std::path::PathBuf;

use mosaic_domain::ExitCode;

use super::performance::Performance;
use super::{Signals, begin};
use crate::agent_kind::AgentKind;
use crate::arguments::Arguments;
use crate::error::DemoError;
use crate::fleet::{Environment, Guard, Home, Programs};
use crate::view::Screen;

/// `demo --play DIRECTORY`: the environment of this process is the fleet's.
pub(crate) fn play(directory: PathBuf, arguments: &Arguments) -> Result<ExitCode, DemoError> {
    // First of all: from here on a signal is an event, and nothing ends this process but itself.
    let signals = Signals::catch().map_err(DemoError::io("catch signals"))?;
    let home = Home::at(directory);
    home.make().map_err(DemoError::io(format!("make {}", home.path().display())))?;
    let guard = match Guard::set(&home) {
        Ok(guard) => guard,
        Err(error) => {
            // Nothing is in it yet.
            let _ = home.remove();
            return unless_asked_to_end(&signals, arguments, Err(DemoError::Guard(error)));
        }
    };
    let mut screen = Screen::find();
    let played = perform(&home, arguments, &signals, &mut screen);
    let played = unless_asked_to_end(&signals, arguments, played);
    // Nobody may be there any more to be told.
    let _ = screen.say("Ending: the agents are stopped, and everything is removed ...");
    let left = guard.release().map_err(DemoError::Guard)?;
    if left.is_empty() {
        let _ = screen.say("Nothing is left: no process, no session, no unit, no directory.");
        return played;
    }
    for line in &left {
        eprintln!("ERROR: left behind: {line}");
    }
    played.map(|_| ExitCode::CheckFailed)
}

/// A signal for the whole process group can hit a child before that has a group of its own. What
/// fails for that reason has not failed.
fn unless_asked_to_end(
    signals: &Signals,
    arguments: &Arguments,
    played: Result<ExitCode, DemoError>,
) -> Result<ExitCode, DemoError> {
    match played {
        Err(_) if signals.end_is_asked_for().unwrap_or(false) => Ok(code(None, arguments)),
        other => other,
    }
}

/// By whether the scene went as told, if it came to its end.
fn code(as_told: Option<bool>, arguments: &Arguments) -> ExitCode {
    match as_told {
        Some(true) => ExitCode::Ok,
        None if !arguments.once => ExitCode::Ok,
        Some(false) | None => ExitCode::CheckFailed,
    }
}

fn perform(home: &Home, arguments: &Arguments, signals: &Signals, screen: &mut Screen) -> Result<ExitCode, DemoError> {
    let kind = arguments.runtime.unwrap_or(AgentKind::StandIn);
    let programs = Programs::find()?;
    home.furnish(&programs).map_err(DemoError::io(format!("write to {}", home.path().display())))?;
    let environment = Environment::new(home.clone(), kind, |name| env::var_os(name));
    let mut performance = Performance::new(home, environment, signals, begin::server()?)?;
    let outcome = performance.run(kind, arguments.once, screen);
    performance.end();
    outcome.map(|as_told| code(as_told, arguments))
}
