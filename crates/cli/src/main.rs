//! `mosaic`: what a person types to run a fleet. The grammar is in [`grammar`], each command has a
//! file of its own in [`command`], and what is shown is laid out in [`view`].
//!
//! Nothing is decided here but how the program ends.

mod bound;
mod bug;
mod command;
mod context;
mod error;
mod grammar;
mod lifecycle;
mod prometheus;
#[cfg(test)]
mod schema;
mod update;
mod view;

use std::process::ExitCode;

/// musl's allocator gives memory back and takes it again all the while, and every thread of a look at a
/// large fleet waits for that.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    bug::report_bugs();
    if let Some(code) = bound::run_if_bound(std::env::args_os()) {
        return code.into();
    }
    let invocation = match grammar::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(error) => return grammar::report(&error, std::env::args_os()).into(),
    };
    match invocation.run() {
        Ok(code) => code.into(),
        Err(error) => {
            view::tell(&format!("ERROR: {error}"));
            error.exit_code().into()
        }
    }
}
