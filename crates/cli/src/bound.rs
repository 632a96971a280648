//! A child that the kernel kills when this process ends, whatever ends it.
//!
//! The child has to ask for that itself, so it is this program again, which becomes the other one: under
//! a name of its own, `mosaic-bound PARENT PROGRAM ARGUMENT…`, which nobody types.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use mosaic_domain::{ExitCode, Pid};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::view::print_notice;

const NAME: &str = "mosaic-bound";

/// The same command, bound to this process.
pub(crate) fn bind(command: &Command) -> Command {
    // Not by its path: an update may have replaced the file.
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

/// If this process is such a child, becomes the program that it is to be; comes back only if that
/// cannot be, or if it is not such a child.
pub(crate) fn run_if_bound(mut words: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    words.next().filter(|name| name == NAME)?;
    let parent: Option<Pid> = words.next().and_then(|parent| parent.to_str()?.parse().ok());
    let (Some(parent), Some(program)) = (parent, words.next()) else { return Some(ExitCode::Usage) };
    if set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return Some(ExitCode::Bug);
    }
    // It may have ended before the kernel was told.
    let now: Option<Pid> = getppid().and_then(|now| u32::try_from(now.as_raw_nonzero().get()).ok()).and_then(Pid::new);
    if now != Some(parent) {
        return Some(ExitCode::Unavailable);
    }
    print_notice(&format!("ERROR: cannot run {}: {}", program.display(), Command::new(&program).args(words).exec()));
    Some(ExitCode::Io)
}
