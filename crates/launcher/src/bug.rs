//! What a program of ours does about a bug of ours.

use mosaic_domain::ExitCode;

/// From now on a panic says that it is a bug, and ends the process with the exit code for one, not
/// by SIGABRT.
pub fn report_bugs() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("ERROR: this is a bug in Mosaic Fleet, please report it: {panic}");
        std::process::exit(ExitCode::Bug as i32);
    }));
}
