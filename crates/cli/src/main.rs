//! `mosaic`, the command line of a fleet: [`grammar`] parses it, [`command`] has one module per command, and
//! [`view`] lays out what is printed. What a command does is in the libraries.

mod bound;
mod command;
#[cfg(test)]
mod command_reference;
mod context;
mod error;
mod exit_code;
mod grammar;
#[cfg(test)]
mod schema;
mod view;

use std::process::ExitCode;

/// The allocator of musl returns memory to the kernel and requests it again all the time, which stalls every
/// thread that observes a large fleet.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    install_panic_hook();
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
            view::print_notice(&format!("ERROR: {error}"));
            error.exit_code().into()
        }
    }
}

/// Makes a panic print that it is a bug, and end the process with the exit code for a bug.
fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        view::print_notice(&format!("ERROR: this is a bug in Mosaic Fleet, please report it: {panic}"));
        std::process::exit(mosaic_exit_code::ExitCode::Bug as i32);
    }));
}
