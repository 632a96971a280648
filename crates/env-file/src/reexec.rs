//! Executing the running program again with the variables of an env file.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Executes the running program again, with further variables and arguments. The process stays the same, so a service
/// manager sees no difference. Returns only on failure.
#[must_use]
pub fn exec_again(variables: Vec<(String, String)>, further: &[OsString]) -> io::Error {
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).args(further).envs(variables).exec()
}
