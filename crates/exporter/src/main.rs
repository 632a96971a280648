//! `mosaic-fleet-exporter`: serves the fleet of one user on one host to Prometheus, and as a page to a browser.
//!
//! | path | response |
//! |---|---|
//! | `/metrics` (`--web.telemetry-path`) | the metrics, in the text format 0.0.4 or as OpenMetrics |
//! | `/api/v1/fleet` | the JSON of `mosaic fleet ps --json` |
//! | `/` , `/events`, `/assets/…`, `/favicon.svg` | the page, and its live updates |
//! | `/-/healthy`, `/-/ready` | whether the exporter answers; whether it has observed the fleet |
//!
//! The exporter observes the fleet only on request. It connects three libraries: `probe` observes and judges the fleet,
//! `metrics` and `page` render it, and `web` serves it.

mod collector_flags;
mod flags;
mod instruments;
mod journal;
mod log_queue;
mod logging;
mod observations;
mod own_process;
mod request_options;
mod routes;
mod scrape_schedule;
mod serve;

use std::io::{self, Write as _};

use clap::Parser;
use clap::error::ErrorKind;
use mosaic_exit_code::ExitCode;
use mosaic_web::ListenError;

use flags::Flags;
use instruments::Instruments;
use serve::ExporterError;

/// musl's allocator keeps the megabytes of each exposition. This one returns them to the kernel.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    report_panics();
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => {
            let printed = error.print().and_then(|()| io::stdout().flush());
            return match (error.kind(), printed) {
                (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, Err(error))
                    if error.kind() != io::ErrorKind::BrokenPipe =>
                {
                    // The macro would panic if standard error cannot be written to, either.
                    let _ = writeln!(io::stderr(), "ERROR: cannot write to standard output: {error}");
                    ExitCode::Io
                }
                (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _) => ExitCode::Ok,
                // If standard error is closed, there is no other place to report that.
                _ => ExitCode::Usage,
            }
            .into();
        }
    };
    let code = match start(&flags) {
        Ok(()) => ExitCode::Ok,
        Err(error) => {
            tracing::error!("{error}");
            exit_code(&error)
        }
    };
    logging::flush();
    code.into()
}

fn start(flags: &Flags) -> Result<(), ExporterError> {
    let instruments = Instruments::new()?;
    logging::init(flags.log, instruments.dropped_log_messages()).map_err(ExporterError::io("start the log"))?;
    serve::serve(flags, instruments)
}

/// Makes a panic log that it is a bug and exit with the code for one.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!("this is a bug in Mosaic Fleet, please report it: {panic}");
        logging::flush();
        std::process::exit(ExitCode::Bug as i32);
    }));
}

fn exit_code(error: &ExporterError) -> ExitCode {
    match error {
        ExporterError::NoHome(_) | ExporterError::Variable(_) | ExporterError::Config(_) => ExitCode::Configuration,
        ExporterError::Listen(error) => match error {
            ListenError::InUse(_) => ExitCode::Busy,
            ListenError::PermissionDenied(_) => ExitCode::Permission,
            ListenError::UnknownHost { .. } | ListenError::AddressNotLocal(_) | ListenError::PathTooLong(_) => {
                ExitCode::Configuration
            }
            ListenError::NoInheritedSockets | ListenError::InheritedSocket { .. } => ExitCode::Unavailable,
            ListenError::NoDirectory(_) | ListenError::NotASocket(_) | ListenError::Failed { .. } => ExitCode::Io,
        },
        ExporterError::Io { source, .. } => ExitCode::from_io(source),
        ExporterError::Instruments(_) => ExitCode::Bug,
    }
}

#[cfg(test)]
mod tests {
    use super::exit_code;
    use crate::serve::ExporterError;
    use mosaic_exit_code::ExitCode;
    use mosaic_web::{ListenError, WebConfig};
    use std::io;

    #[test]
    fn every_kind_of_error_has_its_exit_code() {
        let address = || "127.0.0.1:1".parse().unwrap();
        let io = |kind: io::ErrorKind| ExporterError::io("read")(kind.into());
        let table = [
            (ListenError::InUse(address()).into(), ExitCode::Busy),
            (ListenError::PermissionDenied(address()).into(), ExitCode::Permission),
            (ListenError::AddressNotLocal(address()).into(), ExitCode::Configuration),
            (ListenError::PathTooLong("/x".into()).into(), ExitCode::Configuration),
            (ListenError::NoDirectory("/x".into()).into(), ExitCode::Io),
            (ListenError::NoInheritedSockets.into(), ExitCode::Unavailable),
            (WebConfig::load("/nonexistent/web.yml").unwrap_err().into(), ExitCode::Configuration),
            (io(io::ErrorKind::PermissionDenied), ExitCode::Permission),
            (io(io::ErrorKind::NotFound), ExitCode::Io),
        ];
        for (error, expected) in table {
            assert_eq!(exit_code(&error), expected, "{error}");
        }
    }
}
