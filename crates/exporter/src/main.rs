//! `mosaic-fleet-exporter`: the fleet of one user and host for Prometheus, and for a person's browser.
//!
//! | path | what |
//! |---|---|
//! | `/metrics` (`--web.telemetry-path`) | the families, as text 0.0.4 or OpenMetrics |
//! | `/api/v1/fleet` | what `mosaic fleet ps --json` prints |
//! | `/` , `/events`, `/assets/…`, `/favicon.svg` | the page, and what keeps it up to date |
//! | `/-/healthy`, `/-/ready` | that it answers; that it has looked at the fleet once |
//!
//! Nothing is looked at unless somebody asks. What is decided about a fleet is in `probe`, how it is
//! written in `metrics` and `page`, and everything about connections in `web`: here they are put together.

mod bug;
mod compression;
mod error;
mod flags;
mod log;
mod observation;
mod own_process;
mod routes;
mod scrape_deadline;
mod serve;
mod service_manager;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use flags::Flags;

/// A scrape's text is megabytes that come and go: this allocator gives them back.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    bug::report_bugs();
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(error) => {
            // There is nobody left to tell that standard output is closed.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => mosaic_domain::ExitCode::Ok,
                _ => mosaic_domain::ExitCode::Usage,
            }
            .into();
        }
    };
    log::begin(flags.log);
    match serve::serve(&flags) {
        Ok(()) => mosaic_domain::ExitCode::Ok.into(),
        Err(error) => {
            tracing::error!("{error}");
            error.exit_code().into()
        }
    }
}
