//! Programs of cargo's ecosystem that tasks need and install if they are missing.

use std::process::Stdio;

use crate::cargo::Cargo;
use crate::failure::{Failure, note};

/// A program that `cargo install` provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Deny,
    Nextest,
    Mdbook,
    Fuzz,
}

impl Tool {
    /// Which command needs which tool.
    pub(crate) const BY_COMMAND: [(&str, Self); 4] =
        [("lint", Self::Deny), ("test", Self::Nextest), ("docs", Self::Mdbook), ("fuzz", Self::Fuzz)];

    /// The name of the package and of its program, and the version to install.
    fn package(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Deny => ("cargo-deny", "^0.20", &[]),
            Self::Nextest => ("cargo-nextest", "^0.9.100", &["--no-default-features", "--features=default-no-update"]),
            Self::Mdbook => ("mdbook", "^0.5", &["--no-default-features", "--features=search"]),
            Self::Fuzz => ("cargo-fuzz", "^0.13", &[]),
        }
    }
}

/// Installs the tool unless it is on PATH.
///
/// It is compiled without optimization, which takes a third of the time and is fast enough for how it is used here, and
/// in a temporary directory, so that nothing of it is in `target/`.
pub(crate) fn require(cargo: &Cargo, tool: Tool) -> Result<(), Failure> {
    if tool == Tool::Fuzz {
        require_nightly(cargo)?;
    }
    let (name, version, features) = tool.package();
    if is_installed(cargo, name) {
        return Ok(());
    }
    note(format!("installing {name}: this takes a few minutes, once"));
    let mut install = cargo.command("install");
    install.args(["--locked", "--debug", name, "--version", version]).args(features);
    install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0").env_remove("CARGO_TARGET_DIR");
    Cargo::run("cargo install", &mut install).map_err(|_| {
        Failure::unavailable(format!("{name} could not be installed; the message of cargo is above"))
            .with(format!("expected to work: cargo install --locked {name} --version '{version}'"))
    })
}

fn is_installed(cargo: &Cargo, name: &str) -> bool {
    let mut version = cargo.program(name);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Fuzzing needs the sanitizers of a nightly toolchain.
fn require_nightly(cargo: &Cargo) -> Result<(), Failure> {
    let mut version = cargo.program("rustc");
    version.args(["+nightly", "--version"]).env("RUSTUP_AUTO_INSTALL", "0").stdout(Stdio::null()).stderr(Stdio::null());
    if version.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(Failure::unavailable("there is no nightly toolchain, which provides the sanitizers for fuzzing")
        .with("run this once, then this command again:")
        .with("  rustup toolchain install nightly --profile minimal"))
}
