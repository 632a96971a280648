use super::RosterFleet;
use crate::{Deadline, ShippedSchema};
use serde_json::Value;
use std::time::Duration;

/// What the product says of the fleet; every answer is checked against its schema.
impl RosterFleet {
    /// `mosaic fleet ps --json`, and its exit code.
    #[must_use]
    pub fn ps(&self) -> (Option<i32>, Value) {
        let output = self.mosaic(&["fleet", "ps", "--json"]);
        assert!(!output.stdout.is_empty(), "mosaic fleet ps: {output:?}");
        (output.status.code(), ShippedSchema::Ps.read(&output.stdout))
    }

    /// As [`ps`](Self::ps), which has to succeed.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let (code, snapshot) = self.ps();
        assert_eq!(code, Some(0), "{snapshot:#}");
        snapshot
    }

    /// One agent of a [`snapshot`](Self::snapshot).
    #[must_use]
    pub fn agent(&self, name: &str) -> Value {
        Self::agent_of(&self.snapshot(), name)
    }

    /// Kind and subject of every drift, in order.
    #[must_use]
    pub fn drift(&self) -> Vec<(String, String)> {
        Self::drift_of(&self.snapshot())
    }

    /// One agent of this snapshot.
    #[must_use]
    pub fn agent_of(snapshot: &Value, name: &str) -> Value {
        let mut agents = snapshot["agents"].as_array().expect("a list").iter();
        agents.find(|agent| agent["name"] == name).unwrap_or_else(|| panic!("no {name} in {snapshot:#}")).clone()
    }

    /// Kind and subject of every drift in this snapshot, in order.
    #[must_use]
    pub fn drift_of(snapshot: &Value) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let items = snapshot["drift"].as_array().expect("a list").iter();
        let mut drift: Vec<_> = items.map(|item| (text(&item["kind"]), text(&item["subject"]))).collect();
        drift.sort_unstable();
        drift
    }

    /// An agent's condition.
    #[must_use]
    pub fn condition(&self, agent: &str) -> String {
        self.agent(agent)["condition"].as_str().expect("a word").to_owned()
    }

    /// Waits until an agent is in this condition; the snapshot in which it is.
    pub fn wait_condition(&self, agent: &str, condition: &str) -> Value {
        let deadline = Deadline::default();
        loop {
            let snapshot = self.snapshot();
            let seen = Self::agent_of(&snapshot, agent);
            if seen["condition"] == condition {
                return snapshot;
            }
            assert!(!deadline.passed(), "{agent} does not come to be {condition}: {seen:#}");
            // What is waited for may happen in a file, in a process or nowhere: an age just grows.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `mosaic fleet verify --json` with further arguments, and its exit code.
    #[must_use]
    pub fn verify(&self, further: &[&str]) -> (Option<i32>, Value) {
        let output = self.mosaic(&[&["fleet", "verify", "--json"], further].concat());
        assert!(!output.stdout.is_empty(), "mosaic fleet verify: {output:?}");
        (output.status.code(), ShippedSchema::Verify.read(&output.stdout))
    }
}
