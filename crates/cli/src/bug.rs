//! What the program does about a bug of ours.

use mosaic_domain::ExitCode;

use crate::view::print_notice;

/// From now on a panic says that it is a bug, and ends the process with the exit code for one.
pub(crate) fn report_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        print_notice(&format!("ERROR: this is a bug in Mosaic Fleet, please report it: {panic}"));
        std::process::exit(ExitCode::Bug as i32);
    }));
}
