//! Fuzzes the parsers.

use std::fs;

use crate::cargo::Cargo;
use crate::failure::Failure;
use crate::tools::{self, Tool};

/// The fuzz targets, and the inputs that each starts from.
const TARGETS: [(&str, &str); 2] = [("heartbeat", "fuzz/seeds"), ("roster", "framework/fleet/presets")];

/// Fuzzes each target for the given number of seconds.
pub(crate) fn run(cargo: &Cargo, arguments: &[String]) -> Result<(), Failure> {
    let seconds: u32 = match arguments {
        [] => 60,
        [seconds] => seconds.parse().ok().filter(|seconds| *seconds > 0).ok_or_else(|| usage(arguments))?,
        _ => return Err(usage(arguments)),
    };
    tools::require(cargo, Tool::Fuzz)?;
    for (target, seeds) in TARGETS {
        let corpus = format!("fuzz/corpus/{target}");
        fs::create_dir_all(&corpus).map_err(|error| Failure::failed(format!("{corpus}: {error}")))?;
        let mut fuzz = cargo.program("cargo");
        fuzz.args(["+nightly", "fuzz", "run", target, &corpus, seeds, "--"]);
        fuzz.arg(format!("-max_total_time={seconds}")).arg("-max_len=4096").env_remove("CARGO_TARGET_DIR");
        Cargo::run("cargo fuzz", &mut fuzz).map_err(|_| {
            Failure::failed(format!("{target}: fuzzing found an input, or the build failed; the message is above"))
                .with(format!("inputs that were found are in fuzz/artifacts/{target}/"))
        })?;
    }
    Ok(())
}

fn usage(arguments: &[String]) -> Failure {
    Failure::usage(format!("fuzz takes a number of seconds, got: {}", arguments.join(" ")))
}
