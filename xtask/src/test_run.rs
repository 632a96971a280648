//! Runs the tests with nextest, and the documentation tests with cargo.

use crate::agent_programs;
use crate::cargo::Cargo;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::system_releases;
use crate::tmux_releases;
use crate::tools::{self, Tool};

/// Which packages a run builds, and whether it includes the documentation tests.
#[derive(Debug, PartialEq, Eq)]
struct Scope {
    workspace: bool,
    doc_tests: bool,
}

impl Scope {
    /// A package that the caller names replaces the workspace. Any argument but those that only say how to run
    /// the tests narrows the run, and then the documentation tests are left out.
    fn parse(arguments: &[String]) -> Self {
        const WITH_VALUE: [&str; 3] = ["--profile", "-P", "--test-threads"];
        const WITHOUT_VALUE: [&str; 3] = ["--no-fail-fast", "--no-capture", "--nocapture"];
        let mut scope = Self { workspace: true, doc_tests: true };
        let mut arguments = arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            if argument == "--" {
                scope.doc_tests = false;
                break;
            }
            if WITH_VALUE.contains(&argument) {
                arguments.next();
            } else if !WITHOUT_VALUE.contains(&argument) && !argument.starts_with("--profile=") {
                scope.doc_tests = false;
            }
            let long = argument == "--package" || argument.starts_with("--package=");
            if long || (argument.starts_with("-p") && !argument.starts_with("--")) {
                scope.workspace = false;
            }
        }
        scope
    }
}

/// Runs all tests, or those that the arguments select.
pub(crate) fn run(cargo: &Cargo, repository: &Repository, arguments: &[String]) -> Result<(), Failure> {
    tools::require(cargo, Tool::Nextest)?;
    agent_programs::require(cargo)?;
    tmux_releases::require(cargo)?;
    system_releases::require(cargo)?;
    let scope = Scope::parse(arguments);
    build_programs(cargo, &scope)?;

    let mut nextest = cargo.quick(&["nextest", "run"]);
    nextest.args(scope.workspace.then_some("--workspace")).args(arguments);
    nextest.env("MOSAIC_FLEET_BIN_DIR", cargo.programs("debug"));
    nextest.env("INSTA_WORKSPACE_ROOT", repository.root());
    let tests = Cargo::run("cargo nextest run", &mut nextest);
    if !scope.doc_tests {
        return tests;
    }
    let doc_tests = Cargo::run("cargo test --doc", cargo.quick(&["test", "--doc"]).args(["--workspace", "--quiet"]));
    tests.and(doc_tests)
}

/// Builds the programs that end-to-end tests start.
///
/// For the whole workspace the tests are built in the same call: with other targets cargo would unite other features,
/// and compile what both have in common twice.
fn build_programs(cargo: &Cargo, scope: &Scope) -> Result<(), Failure> {
    let what: &[&str] = if scope.workspace {
        &["--workspace", "--all-targets"]
    } else {
        &["--bins", "-p", "mosaic-launcher", "-p", "mosaic-cli", "-p", "mosaic-exporter", "-p", "mosaic-harness"]
    };
    Cargo::run("cargo build", cargo.quick(&["build"]).args(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> (bool, bool) {
        let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
        let Scope { workspace, doc_tests } = Scope::parse(&arguments);
        (workspace, doc_tests)
    }

    #[test]
    fn arguments_narrow_the_run() {
        for (arguments, workspace, doc_tests) in [
            ("", true, true),
            ("--no-fail-fast", true, true),
            ("--profile ci --no-fail-fast", true, true),
            ("--profile=ci --test-threads 2", true, true),
            ("starts", true, false),
            ("-E binary(units)", true, false),
            ("-- --exact starts", true, false),
            ("-- -p", true, false),
            ("-p mosaic-probe", false, false),
            ("-pmosaic-probe --no-fail-fast", false, false),
            ("--package mosaic-probe", false, false),
            ("--package=mosaic-probe starts", false, false),
        ] {
            assert_eq!(parse(arguments), (workspace, doc_tests), "{arguments}");
        }
    }
}
