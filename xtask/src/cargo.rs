//! How cargo is called: for which target, with which profile and flags.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::repository::Repository;

/// Calls cargo and the programs that it installs.
#[derive(Debug)]
pub(crate) struct Cargo {
    root: PathBuf,
    target_directory: PathBuf,
    lld: Option<String>,
}

impl Cargo {
    pub(crate) fn new(repository: &Repository) -> Self {
        let root = repository.root().to_owned();
        let target_directory = root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        Self { root, target_directory, lld: find_lld() }
    }

    pub(crate) fn target_directory(&self) -> &Path {
        &self.target_directory
    }

    /// The static target of this machine. The tests and lints are built for it, too: what they share with the
    /// programs that they start is then compiled once.
    pub(crate) fn triple() -> String {
        format!("{}-unknown-linux-musl", env::consts::ARCH)
    }

    /// Where `profile` puts the programs of the static target.
    pub(crate) fn programs(&self, profile: &str) -> PathBuf {
        self.target_directory.join(Self::triple()).join(profile)
    }

    /// A program without the variables that `cargo run` sets for this one: a build script that reads one of them
    /// would be run again.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        for (variable, _) in env::vars_os() {
            let text = variable.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO" {
                command.env_remove(&variable);
            }
        }
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target_directory).stdin(Stdio::null());
        command
    }

    /// `cargo SUBCOMMAND`.
    pub(crate) fn command(&self, subcommand: &str) -> Command {
        let mut command = self.program("cargo");
        command.arg(subcommand);
        command
    }

    /// `cargo SUBCOMMAND` for the static target, in the profile that is quick to build.
    pub(crate) fn quick(&self, subcommand: &[&str]) -> Command {
        let mut command = self.program("cargo");
        command.args(subcommand).args(["--locked", "--target", &Self::triple()]);
        if let Some(directory) = &self.lld {
            command.args(["--config", &link_with_lld(directory)]);
        }
        command
    }

    /// Builds what ships, with release's profile. The directory of cargo's registry is replaced in panic messages, so
    /// that the bytes do not depend on the machine.
    pub(crate) fn build_release(&self, what: &[&str], revision: Option<&str>) -> Result<(), Failure> {
        let triple = Self::triple();
        let home =
            env::var("CARGO_HOME").unwrap_or_else(|_| format!("{}/.cargo", env::var("HOME").unwrap_or_default()));
        // Added to the flags of .cargo/config.toml; RUSTFLAGS would replace them.
        let remap = format!(
            "target.{triple}.rustflags = ['--remap-path-prefix={home}=/cargo', '--remap-path-prefix={}=/mosaic-fleet']",
            self.root.display()
        );
        let mut command = self.command("build");
        command.args(["--release", "--locked", "--target", &triple, "--config", &remap]).args(what);
        if let Some(revision) = revision {
            command.env("MOSAIC_FLEET_REVISION", revision);
        }
        Self::run(&format!("cargo build --release --target {triple} {}", what.join(" ")), &mut command)
    }

    /// Runs a command to its end; it must succeed.
    pub(crate) fn run(name: &str, command: &mut Command) -> Result<(), Failure> {
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure::failed(format!("{name} failed: {status}"))),
            Err(error) => Err(Failure::unavailable(format!("could not run {name}: {error}"))),
        }
    }
}

/// The directory of the toolchain from which a C compiler can start its lld. rustc uses it by default only for the
/// target of the host.
fn find_lld() -> Option<String> {
    let output = Command::new("rustc").args(["--print", "sysroot", "--print", "host-tuple"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (sysroot, host) = text.trim_end().split_once('\n')?;
    let directory = format!("{sysroot}/lib/rustlib/{host}/bin/gcc-ld");
    Path::new(&directory).join("ld.lld").is_file().then_some(directory)
}

/// lld links a test program in a fifth of the time. What ships is linked as before, so that its size stays comparable.
/// `./dev demo` uses the same flags: with others cargo would compile everything again.
fn link_with_lld(directory: &str) -> String {
    let triple = Cargo::triple();
    format!("target.{triple}.rustflags = ['-Clink-arg=-B{directory}', '-Clink-arg=-fuse-ld=lld']")
}
