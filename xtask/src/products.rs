//! The programs that ship.

use std::path::PathBuf;

use crate::cargo::Cargo;
use crate::failure::Failure;
use crate::repository::Repository;

/// The programs that ship.
pub(crate) const PROGRAMS: [&str; 5] =
    ["start-agent-session", "agent-sidecar", "agent-pane", "mosaic", "mosaic-fleet-exporter"];

/// Builds the programs that ship, and returns their directory.
///
/// Each package is built alone: cargo unites the features over what is built together, and the launcher's programs,
/// which run once per agent, must not contain what another package needs.
pub(crate) fn build(cargo: &Cargo, repository: &Repository) -> Result<PathBuf, Failure> {
    // An exported source tree has no git and no revision.
    let revision = repository.git(&["rev-parse", "--short=12", "HEAD"]);
    let revision = revision.as_deref().map_or("unknown", str::trim);
    for package in ["mosaic-launcher", "mosaic-cli", "mosaic-exporter"] {
        cargo.build_release(&["-p", package], Some(revision))?;
    }
    let directory = cargo.programs("release");
    match PROGRAMS.into_iter().find(|name| !directory.join(name).is_file()) {
        Some(missing) => Err(Failure::failed(format!("the build made no {missing} in {}", directory.display()))),
        None => Ok(directory),
    }
}

/// Builds the programs that benchmarks start as agents.
pub(crate) fn build_test_programs(cargo: &Cargo) -> Result<(), Failure> {
    cargo.build_release(&["-p", "mosaic-harness", "--bins"], None)
}
