//! Starts an agent; see `mosaic_launcher::start`.

use std::io::{self, Write as _};

use clap::Parser;
use clap::error::ErrorKind;
use mosaic_exit_code::ExitCode;
use mosaic_launcher::exit::{exit_kind, report_panics_as_bugs, start_exit_code};
use mosaic_launcher::start::{Arguments, StartOutput, run};

fn main() -> std::process::ExitCode {
    report_panics_as_bugs();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return print_clap_error(&error).into(),
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

/// Prints the help, the version, or what is wrong with the command line.
fn print_clap_error(error: &clap::Error) -> ExitCode {
    let printed = error.print().and_then(|()| io::stdout().flush());
    match (error.kind(), printed) {
        (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, Err(error))
            if error.kind() != io::ErrorKind::BrokenPipe =>
        {
            eprintln!("ERROR: cannot write to standard output: {error}");
            ExitCode::Io
        }
        (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _) => ExitCode::Ok,
        // An error is ignored: if standard error is closed, nothing can be reported.
        _ => ExitCode::Usage,
    }
}
