//! The development tasks of `./dev`: everything but the installation of packages and of Rust.
//!
//! `./dev` prepares the machine and starts this program. `cargo xtask` starts it directly, on a machine that is
//! prepared already. It depends on the standard library alone, so that it compiles in a few seconds.

mod agent_programs;
mod cargo;
mod debian_packages;
mod failure;
mod fuzz;
mod lint;
mod package;
mod products;
mod record;
mod repository;
mod system_releases;
mod test_run;
mod tmux_releases;
mod tools;

use std::env;
use std::process::ExitCode;

use cargo::Cargo;
use failure::{Failure, note};
use repository::Repository;
use tools::Tool;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((command, rest)) => run(command, rest),
        None => Err(Failure::usage("no command; './dev help' lists the commands")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(command: &str, arguments: &[String]) -> Result<(), Failure> {
    let repository = Repository::find()?;
    let cargo = Cargo::new(&repository);
    if !matches!(command, "test" | "bench" | "fuzz" | "record" | "setup" | "lint") && !arguments.is_empty() {
        return Err(Failure::usage(format!("{command} takes no arguments, got: {}", arguments.join(" "))));
    }
    match command {
        "test" => test_run::run(&cargo, &repository, arguments),
        "lint" => lint::run(&cargo, &repository, arguments),
        "record" => record::run(&cargo, arguments),
        "bench" => bench(&cargo, &repository, arguments),
        "fmt" => format(&cargo),
        "build" => build(&cargo, &repository),
        "package" => package::build(&cargo, &repository),
        "docs" => build_book(&cargo, &repository),
        "fuzz" => fuzz::run(&cargo, arguments),
        "setup" => set_up(&cargo, arguments),
        _ => Err(Failure::usage(format!("there is no command '{command}'; './dev help' lists the commands"))),
    }
}

fn build(cargo: &Cargo, repository: &Repository) -> Result<(), Failure> {
    let directory = products::build(cargo, repository)?;
    products::build_test_programs(cargo)?;
    note(format!("built {} and the programs of the tests in", products::PROGRAMS.join(" ")));
    // Scripts read the directory: `MOSAIC_FLEET_BIN_DIR=$(./dev build)`.
    println!("{}", directory.display());
    Ok(())
}

/// Becomes the benchmark program, so that Ctrl-C and its exit code are its own.
fn bench(cargo: &Cargo, repository: &Repository, arguments: &[String]) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt;
    agent_programs::require(cargo)?;
    let directory = products::build(cargo, repository)?;
    products::build_test_programs(cargo)?;
    cargo.build_release(&["-p", "mosaic-bench"], None)?;
    let program = directory.join("bench");
    let error = std::process::Command::new(&program)
        .args(arguments)
        .env("MOSAIC_FLEET_BIN_DIR", &directory)
        // The benchmarks find the agent programs there.
        .env("CARGO_TARGET_DIR", cargo.target_directory())
        .exec();
    Err(Failure::failed(format!("could not start {}: {error}", program.display())))
}

/// The manifests that `cargo fmt` formats: the workspace, and the fuzz targets beside it.
const FORMATTED: [&[&str]; 2] = [&["--all"], &["--manifest-path", "fuzz/Cargo.toml"]];

fn format(cargo: &Cargo) -> Result<(), Failure> {
    FORMATTED.iter().try_for_each(|manifest| Cargo::run("cargo fmt", cargo.command("fmt").args(*manifest)))
}

fn build_book(cargo: &Cargo, repository: &Repository) -> Result<(), Failure> {
    tools::require(cargo, Tool::Mdbook)?;
    lint::links(repository)?;
    let book = cargo.target_directory().join("book");
    let mut mdbook = cargo.program("mdbook");
    Cargo::run("mdbook build", mdbook.arg("build").arg("--dest-dir").arg(&book))?;
    note(format!("built the book in {}", book.display()));
    Ok(())
}

/// Installs the tools that one command needs, or all commands but `fuzz`. `./dev` has installed the packages.
fn set_up(cargo: &Cargo, arguments: &[String]) -> Result<(), Failure> {
    let command = arguments.first().map(String::as_str);
    for (needed_by, tool) in Tool::BY_COMMAND {
        if command == Some(needed_by) || (command.is_none() && needed_by != "fuzz") {
            tools::require(cargo, tool)?;
        }
    }
    if matches!(command, None | Some("test" | "bench" | "record")) {
        agent_programs::require(cargo)?;
    }
    if matches!(command, None | Some("test")) {
        tmux_releases::require(cargo)?;
        system_releases::require(cargo)?;
    }
    note("all requirements are installed");
    Ok(())
}
