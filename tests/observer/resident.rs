//! Looks at its fleet whenever a line comes in: as one who remembers, and as two who do not, before and
//! after it. Answers with a line of JSON.
//!
//! It is a program of its own, because a fleet is looked at by its environment.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program of the tests': a panic names the line")]

use std::env;
use std::io::{Write as _, stdin, stdout};
use std::sync::Arc;

use mosaic_probe::{Depth, FleetLocation, ObservedFleet, Observer, Scope};
use serde_json::{Value, json};

fn main() {
    let variable = |name: &str| env::var_os(name);
    let here = env::current_dir().unwrap();
    let target = Arc::new(FleetLocation::resolve(None, None, variable, &here).unwrap().target(variable).unwrap());
    let fresh = || told(&mosaic_probe::observe_once(&target, Depth::Verify).unwrap());
    let mut observer = Observer::default();
    for _ in stdin().lines() {
        let before = fresh();
        let resident = told(&observer.observe(&target, Depth::Verify).unwrap());
        let answer = json!({ "before": before, "resident": resident, "after": fresh() });
        let mut out = stdout().lock();
        writeln!(out, "{answer}").unwrap();
        out.flush().unwrap();
    }
}

/// The snapshot, and how each check went.
fn told(look: &ObservedFleet) -> Value {
    let scope = Scope::default();
    let verification = look.verify(&scope);
    assert_eq!(look.passed(&scope), verification.passed);
    let checks = verification.checks.iter().map(|check| (check.name.as_str(), &check.agent, check.status.to_string()));
    json!({ "snapshot": look.snapshot, "checks": checks.collect::<Vec<_>>() })
}
