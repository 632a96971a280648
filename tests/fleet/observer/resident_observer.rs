//! Observes its fleet for each line on standard input: with a fresh observer, with the resident one, and with a fresh
//! one again. Prints a line of JSON.
//!
//! It is a separate program, because the environment selects the fleet.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program for tests: a panic names the line")]

use std::env;
use std::io::{Write as _, stdin, stdout};
use std::sync::Arc;

use mosaic_probe::{Depth, FleetLocation, ObservedFleet, Observer, Scope};
use serde_json::{Value, json};

fn main() {
    let variable = |name: &str| env::var_os(name);
    let here = env::current_dir().unwrap();
    let target = Arc::new(FleetLocation::resolve(None, None, variable, &here).unwrap().target(variable).unwrap());
    let fresh = || report(&mosaic_probe::observe_once(&target, Depth::Verify).unwrap());
    let mut observer = Observer::default();
    for _ in stdin().lines() {
        let before = fresh();
        let resident = report(&observer.observe(&target, Depth::Verify).unwrap());
        let answer = json!({ "before": before, "resident": resident, "after": fresh() });
        let mut out = stdout().lock();
        writeln!(out, "{answer}").unwrap();
        out.flush().unwrap();
    }
}

/// The snapshot, and the status of each check.
fn report(observed: &ObservedFleet) -> Value {
    let scope = Scope::default();
    let verification = observed.verify(&scope);
    assert_eq!(observed.passed(&scope), verification.passed);
    let checks = verification.checks.iter().map(|check| (check.name.as_str(), &check.agent, check.status.to_string()));
    json!({ "snapshot": observed.snapshot, "checks": checks.collect::<Vec<_>>() })
}
