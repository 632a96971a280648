//! The checks of `./dev lint`.

mod files;
mod links;
mod shell;
mod units;
mod words;

use std::time::Instant;

use crate::cargo::Cargo;
use crate::failure::{Failure, note};
use crate::repository::Repository;
use crate::tools::{self, Tool};

/// What a check found: one line per finding, each of which names a file. No findings are a success.
type Findings = Vec<String>;

/// How a check ends.
type Outcome = Result<Findings, Failure>;

type Check = fn(&Cargo, &Repository) -> Outcome;

/// All checks, the quick ones first.
const CHECKS: [(&str, Check); 11] = [
    ("names", |_, repository| files::vague_names(repository)),
    ("file-size", |_, repository| files::long_files(repository)),
    ("words", |_, repository| words::check(repository)),
    ("links", |_, repository| links::check(repository)),
    ("shell", shell::check),
    ("units", units::check),
    ("format", |cargo, _| format(cargo)),
    ("dependencies", |cargo, _| dependencies(cargo)),
    ("advisories", |cargo, _| advisories(cargo)),
    ("clippy", |cargo, _| clippy(cargo)),
    ("docs", |cargo, _| docs(cargo)),
];

/// Runs all checks, or those that the arguments name.
pub(crate) fn run(cargo: &Cargo, repository: &Repository, arguments: &[String]) -> Result<(), Failure> {
    let names = CHECKS.map(|(name, _)| name);
    if let Some(unknown) = arguments.iter().find(|argument| !names.contains(&argument.as_str())) {
        return Err(Failure::usage(format!("there is no check '{unknown}', expected: {}", names.join(", "))));
    }
    let begun = Instant::now();
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        if !arguments.is_empty() && !arguments.iter().any(|argument| argument == name) {
            continue;
        }
        note(format!("lint: {name}"));
        if !passes(check(cargo, repository)) {
            failed.push(name);
        }
    }
    if failed.is_empty() {
        note(format!("lint: ok in {} s", begun.elapsed().as_secs()));
        return Ok(());
    }
    Err(Failure::failed(format!("lint failed: {}", failed.join(" "))).with("the findings of each check are above"))
}

/// Checks the links of all Markdown files.
pub(crate) fn links(repository: &Repository) -> Result<(), Failure> {
    if passes(links::check(repository)) {
        Ok(())
    } else {
        Err(Failure::failed("links are dead; they are listed above"))
    }
}

/// Prints what a check found.
fn passes(outcome: Outcome) -> bool {
    match outcome {
        Ok(findings) => {
            for finding in &findings {
                eprintln!("{finding}");
            }
            findings.is_empty()
        }
        Err(failure) => {
            failure.report();
            false
        }
    }
}

/// The outcome of a command that prints its findings itself.
fn printed(result: Result<(), Failure>) -> Outcome {
    result.map(|()| Findings::new())
}

fn format(cargo: &Cargo) -> Outcome {
    for manifest in crate::FORMATTED {
        Cargo::run("cargo fmt", cargo.command("fmt").args(manifest).arg("--check"))?;
    }
    Ok(Findings::new())
}

fn clippy(cargo: &Cargo) -> Outcome {
    let mut clippy = cargo.quick(&["clippy"]);
    printed(Cargo::run("cargo clippy", clippy.args(["--workspace", "--all-targets", "--", "-D", "warnings"])))
}

fn docs(cargo: &Cargo) -> Outcome {
    // `--examples` makes cargo unite the features of the development dependencies too, as clippy does. With others it
    // would check all dependencies again.
    let mut doc = cargo.quick(&["doc", "--lib", "--bins", "--examples"]);
    printed(Cargo::run("cargo doc", doc.args(["--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings")))
}

fn dependencies(cargo: &Cargo) -> Outcome {
    tools::require(cargo, Tool::Deny)?;
    let mut deny = cargo.command("deny");
    printed(Cargo::run("cargo deny", deny.args(["--locked", "check", "licenses", "bans", "sources"])))
}

/// Without the advisory database the check is skipped, loudly: lint must pass without a network.
fn advisories(cargo: &Cargo) -> Outcome {
    tools::require(cargo, Tool::Deny)?;
    let mut fetch = cargo.program("timeout");
    if Cargo::run("cargo deny fetch", fetch.args(["120", "cargo", "deny", "--locked", "fetch", "db"])).is_err() {
        note("WARNING: advisories are skipped: the advisory database could not be fetched");
        return Ok(Findings::new());
    }
    printed(Cargo::run("cargo deny", cargo.command("deny").args(["--locked", "check", "advisories"])))
}
