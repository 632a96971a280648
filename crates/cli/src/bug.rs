//! Reports a bug of this program.

use mosaic_domain::ExitCode;

use crate::view::tell;

/// Makes a panic print that it is a bug, and end the process with the exit code for a bug.
pub(crate) fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        tell(&format!("ERROR: this is a bug in Mosaic Fleet, please report it: {panic}"));
        std::process::exit(ExitCode::Bug as i32);
    }));
}
