//! A child process that the kernel kills when this process ends, however it ends.
//!
//! The child itself has to request that from the kernel. It therefore starts as this program, under the
//! name `mosaic-bound` with the arguments `PARENT PROGRAM ARGUMENT…`, and then replaces itself by PROGRAM.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use mosaic_domain::Pid;
use mosaic_exit_code::ExitCode;
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::view::print_notice;

const NAME: &str = "mosaic-bound";

/// The same command, as a child that ends with this process.
pub(crate) fn bind(command: &Command) -> Command {
    // An update may have replaced the file at the path of this program.
    let mut bound = Command::new("/proc/self/exe");
    bound.arg0(NAME).arg(std::process::id().to_string()).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    bound
}

/// If this process is a bound child, becomes its program. Returns only on failure, or `None` if this process
/// is no bound child.
pub(crate) fn run_if_bound(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    arguments.next().filter(|name| name == NAME)?;
    let parent: Option<Pid> = arguments.next().and_then(|parent| parent.to_str()?.parse().ok());
    let (Some(parent), Some(program)) = (parent, arguments.next()) else { return Some(ExitCode::Usage) };
    if set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return Some(ExitCode::Bug);
    }
    // The parent may have ended before that.
    let now: Option<Pid> = getppid().and_then(|now| u32::try_from(now.as_raw_nonzero().get()).ok()).and_then(Pid::new);
    if now != Some(parent) {
        return Some(ExitCode::Unavailable);
    }
    print_notice(&format!(
        "ERROR: cannot run {}: {}",
        program.display(),
        Command::new(&program).args(arguments).exec()
    ));
    Some(ExitCode::Io)
}
