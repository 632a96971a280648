//! `./dev bench`: compares the product with the bash launcher that it replaces.
//!
//! A run measures both alternately in private fleets and prints one table. The [`Supervisor`] measures every figure in
//! its own worker process, so that a failure or Ctrl-C affects only the rows of one figure, and cleans up afterwards.
//!
//! Exit codes: 0 success, 1 a bound is missed (with `--check`), 64 usage error, 69 a figure with a bound could not be
//! measured (with `--check`), 130 interrupted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a development tool: a panic in a worker names the line and affects one figure"
)]

mod arguments;
mod figures;
mod fixture;
mod process_stats;
mod roster_fixture;
mod row;
mod samples;
mod scraped_exporter;
mod scraper;
mod supervisor;
mod table;
mod unit_fixture;

use arguments::Arguments;
use std::process::ExitCode;
use supervisor::Supervisor;

fn main() -> ExitCode {
    let arguments = Arguments::parse_or_exit();
    match arguments.worker {
        Some(figure) => supervisor::run_worker(figure, arguments.effort()),
        None => Supervisor::new(arguments).run(),
    }
}
