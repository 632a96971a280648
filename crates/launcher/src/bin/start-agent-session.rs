//! Starts an agent; see `mosaic_launcher::start`.

use clap::Parser;
use clap::error::ErrorKind;
use mosaic_domain::{AgentName, ExitCode};
use mosaic_launcher::start::{Arguments, report, run};

fn main() -> std::process::ExitCode {
    mosaic_launcher::report_bugs();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error).into(),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::Ok.into(),
        Err(error) => {
            report(&arguments, &error);
            error.exit_code().into()
        }
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    // There is nobody left to tell that standard output is closed.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Ok,
        _ => {
            eprintln!("\nERROR: {}", AgentName::RULE);
            ExitCode::Usage
        }
    }
}
