//! Starts an agent; see `mosaic_launcher::start`.

use clap::Parser;
use clap::error::ErrorKind;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_launcher::exit::{exit_kind, report_panics_as_bugs, start_exit_code};
use mosaic_launcher::start::{Arguments, StartOutput, run};

fn main() -> std::process::ExitCode {
    report_panics_as_bugs();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error).into(),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::Ok.into(),
        Err(error) => {
            let code = start_exit_code(&error);
            StartOutput::new(arguments.output).failure(&arguments, &error, exit_kind(code));
            code.into()
        }
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    // An error is ignored: if standard error is closed, nothing can be reported.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Ok,
        _ => {
            eprintln!("\nERROR: {}", AgentName::RULE);
            ExitCode::Usage
        }
    }
}
