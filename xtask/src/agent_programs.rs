//! Real agent programs, which tests start to see what reaches them.
//!
//! They are installed in `target/runtimes/` with a Node of their own: the Node of a distribution may be too old, and
//! no test depends on what a developer has installed.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::cargo::Cargo;
use crate::failure::{Failure, note};

const PACKAGES: [&str; 5] = [
    "@anthropic-ai/claude-code@2.1.197",
    "@mariozechner/pi-coding-agent@0.73.1",
    "@openai/codex@0.171.0",
    "npm@11.19.1",
    "opencode-ai@1.18.33",
];
const NODE_VERSION: &str = "22.23.3";

/// A test lets this version update itself. npm finds the newer version in a cache of its own, without a network.
const OLDER_PACKAGE: &str = "@mariozechner/pi-coding-agent@0.73.0";
const NEWER_PACKAGE: &str = "@mariozechner/pi-coding-agent";

/// Only these packages' scripts are run: each puts the program for this machine in its place.
const INSTALL_SCRIPTS: [(&str, &str); 2] =
    [("@anthropic-ai/claude-code", "install.cjs"), ("opencode-ai", "postinstall.mjs")];

const QUIET: [&str; 5] = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier", "--loglevel=error"];

/// Installs the agent programs unless these versions are installed.
///
/// They are installed beside their place and then moved, so that an interrupted installation does not count.
pub(crate) fn require(cargo: &Cargo) -> Result<(), Failure> {
    let directory = cargo.target_directory().join("runtimes");
    let stamp = stamp();
    if fs::read_to_string(directory.join("installed")).is_ok_and(|installed| installed.trim_end() == stamp) {
        return Ok(());
    }
    let packages = packages();
    note(format!("installing agent programs for the tests: {}", packages.join(" ")));
    let draft = cargo.target_directory().join("runtimes.draft");
    let failed = |error: io::Error| Failure::unavailable(format!("{}: {error}", draft.display()));
    remove(&draft).and_then(|()| fs::create_dir_all(&draft)).map_err(failed)?;
    let mut install = cargo.program("npm");
    npm(install.args(["install", "--prefix"]).arg(&draft).args(QUIET).args(&packages))?;
    for (package, script) in INSTALL_SCRIPTS {
        let modules = draft.join("node_modules");
        let mut node = cargo.program(&modules.join(".bin/node").to_string_lossy());
        Cargo::run(&format!("{package}/{script}"), node.arg(script).current_dir(modules.join(package)))
            .map_err(|_| Failure::unavailable(format!("{package}/{script} failed; its message is above")))?;
    }
    note(format!("installing {OLDER_PACKAGE} and what its update needs"));
    for (prefix, package) in [("older", OLDER_PACKAGE), ("newer", NEWER_PACKAGE)] {
        let mut install = cargo.program("npm");
        install.args(["install", "--global", "--prefix"]).arg(draft.join(prefix));
        npm(install.arg("--cache").arg(draft.join("npm-cache")).args(QUIET).arg(package))?;
    }
    remove(&draft.join("newer")).map_err(failed)?;
    // The last file of an installation.
    fs::write(draft.join("installed"), stamp + "\n").map_err(failed)?;
    remove(&directory).and_then(|()| fs::rename(&draft, &directory)).map_err(failed)
}

fn packages() -> Vec<String> {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let node = format!("node-linux-{machine}@{NODE_VERSION}");
    PACKAGES.into_iter().map(str::to_owned).chain([node]).collect()
}

/// The content of `installed`, the last file of an installation.
fn stamp() -> String {
    format!("{}; older: {OLDER_PACKAGE}", packages().join(" "))
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn npm(install: &mut Command) -> Result<(), Failure> {
    Cargo::run("npm install", install).map_err(|_| {
        Failure::unavailable("npm could not install the agent programs")
            .with("its message is above; solve the problem and run this command again")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_names_every_package_and_the_older_one() {
        let stamp = stamp();
        assert!(PACKAGES.into_iter().all(|package| stamp.contains(package)), "{stamp}");
        assert!(stamp.contains(NODE_VERSION) && stamp.ends_with("; older: @mariozechner/pi-coding-agent@0.73.0"));
    }
}
