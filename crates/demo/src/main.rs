//! `./dev demo`: starts a fleet of three, shows it, kills one agent, and shows what comes of it.
//!
//! One program, four parts, told apart by the first argument:
//!
//! ```text
//! demo ──▶ asks, chooses a directory, becomes
//!          demo --play DIRECTORY    the fleet, the scene and the table ([`play`])
//!            ├─▶ demo --guard DIRECTORY      waits for the end of the above, however it comes, and
//!            │                               then removes everything ([`fleet::Guard`])
//!            └─▶ start-agent-session, by a unit or directly
//!                  └─▶ demo --stand-in NAME  an agent, where none is installed ([`stand_in`])
//! ```
//!
//! The first step is a program of its own because the fleet's environment must be in place when the
//! second begins: a process that runs cannot safely change its own.

mod agent_kind;
mod arguments;
mod error;
mod fleet;
mod play;
mod scene;
mod stand_in;
mod view;

use std::ffi::OsString;
use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser;
use clap::error::ErrorKind;
use error::DemoError;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let given: Vec<OsString> = arguments.collect();
    match given.as_slice() {
        [part, name] if part == "--stand-in" => stand_in::run(&name.to_string_lossy()),
        [part, directory] if part == "--guard" => fleet::guard(directory.into()),
        [part, directory, rest @ ..] if part == "--play" => {
            parsed(program, rest, |arguments| play::play(directory.into(), arguments))
        }
        all => parsed(program, all, |arguments| Err(play::begin(arguments))),
    }
}

fn parsed(
    program: OsString,
    given: &[OsString],
    run: impl FnOnce(&Arguments) -> Result<mosaic_domain::ExitCode, DemoError>,
) -> ExitCode {
    let arguments = match Arguments::try_parse_from(std::iter::once(program).chain(given.iter().cloned())) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error).into(),
    };
    match run(&arguments) {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("ERROR: {error}");
            error.exit_code().into()
        }
    }
}

fn usage(error: &clap::Error) -> mosaic_domain::ExitCode {
    // There is nobody left to tell that standard output is closed.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => mosaic_domain::ExitCode::Ok,
        _ => mosaic_domain::ExitCode::Usage,
    }
}
