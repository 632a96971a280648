//! `record`: records the screens of an agent program.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::agent_programs;
use crate::cargo::Cargo;
use crate::failure::Failure;

/// Becomes the recorder, so that Ctrl-C and its exit code are its own.
pub(crate) fn run(cargo: &Cargo, arguments: &[String]) -> Result<(), Failure> {
    agent_programs::require(cargo)?;
    Cargo::run("cargo build", &mut cargo.quick(&["build", "-p", "mosaic-recorder"]))?;
    let program = cargo.programs("debug").join("record-screens");
    let error = Command::new(&program).args(arguments).env("CARGO_TARGET_DIR", cargo.target_directory()).exec();
    Err(Failure::failed(format!("could not start {}: {error}", program.display())))
}
