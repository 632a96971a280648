//! `./dev bench`: the product side by side with the bash launcher that it replaces.
//!
//! One run measures both, turn by turn, in fleets of its own, and prints one table. Every figure is
//! measured by a process of its own ([`Worker`](worker)), so that one that fails, or an impatient
//! Ctrl-C, costs its own rows and leaves nothing behind ([`Supervisor`]).
//!
//! Exit codes: 0 measured, 1 with `--check` when a bound is missed, 64 usage, 69 with `--check`
//! when something with a bound could not be measured, 130 interrupted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program of the developers': a panic in a worker names the line and costs one figure"
)]

mod arguments;
mod beats;
mod bound;
mod cell;
mod colours;
mod contestant;
mod effort;
mod figures;
mod holdings;
mod load;
mod manager_socket;
mod memory_directory;
mod message;
mod node_exporter;
mod processor_time;
mod roster_stage;
mod row;
mod samples;
mod scraped_exporter;
mod scraper;
mod smaps;
mod spread;
mod stage;
mod supervisor;
mod sweep;
mod table;
mod trace;
mod unit_of_measure;
mod unit_stage;
mod usage;
mod worker;

use arguments::Arguments;
use std::process::ExitCode;
use supervisor::Supervisor;

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    match arguments.worker {
        Some(figure) => worker::measure(figure, arguments.effort()),
        None => Supervisor::new(arguments).run(),
    }
}
