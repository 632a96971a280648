//! Runs the user manager of one test; see [`mosaic_harness::NamespaceSupervisor`]. With an argument, the program enters
//! a control group and replaces itself with a daemon; see [`mosaic_harness::NamespaceEntry`].

use mosaic_harness::{NamespaceEntry, NamespaceSupervisor};
use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match std::env::args().nth(1) {
        Some(entry) => {
            serde_json::from_str(&entry).map_err(io::Error::from).and_then(|entry: NamespaceEntry| entry.enter())
        }
        None => NamespaceSupervisor::serve(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("user-manager-supervisor: {error}");
            ExitCode::FAILURE
        }
    }
}
