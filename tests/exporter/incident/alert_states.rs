//! The shipped rules as loaded by Prometheus, and the alerts that they return.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mosaic_harness::{Deadline, PrometheusServer};
use serde_json::Value;

/// Labels that are the same for all series of an alert.
const COMMON_LABELS: [&str; 5] = ["__name__", "job", "instance", "alertname", "severity"];

/// Alerts and recording rules, and the alerts that have shown so far.
pub(crate) struct Alerts {
    expressions: BTreeMap<String, String>,
    records: BTreeSet<String>,
    shown: BTreeSet<String>,
}

impl Alerts {
    pub(crate) fn load(prometheus: &PrometheusServer) -> Self {
        let (mut expressions, mut records) = (BTreeMap::new(), BTreeSet::new());
        for rule in rules(prometheus) {
            let name = text(&rule["name"]);
            if rule["type"] == "recording" {
                records.insert(name);
            } else {
                assert_eq!(expressions.insert(name, text(&rule["query"])), None, "{rule:#}");
            }
        }
        assert!(expressions.len() >= 14 && !records.is_empty(), "{expressions:#?} {records:#?}");
        Self { expressions, records, shown: BTreeSet::new() }
    }

    /// Waits until the expressions return exactly these alerts and Prometheus has the same ones. An alert is written
    /// `MosaicAgentDown agent=coder0`.
    #[track_caller]
    pub(crate) fn expect(&mut self, prometheus: &PrometheusServer, expected: &[&str]) {
        let always = ["MosaicWatchdog"];
        let expected: BTreeSet<String> = expected.iter().chain(&always).map(|alert| (*alert).to_owned()).collect();
        let deadline = Deadline::default();
        loop {
            let (returned, active) = (self.returned(prometheus), active(prometheus));
            if returned == expected && active == expected {
                break;
            }
            assert!(
                !deadline.passed(),
                "expected {expected:#?}, the expressions return {returned:#?}, and Prometheus has {active:#?}"
            );
            // Rules are evaluated once per second.
            std::thread::sleep(Duration::from_millis(100));
        }
        self.shown.extend(expected.iter().map(|alert| alert.split(' ').next().unwrap().to_owned()));
    }

    fn returned(&self, prometheus: &PrometheusServer) -> BTreeSet<String> {
        let of_alert = |(name, expression): (&String, &String)| {
            let series = prometheus.instant(expression);
            series.iter().map(|series| written(name, &series.labels)).collect::<Vec<_>>()
        };
        self.expressions.iter().flat_map(of_alert).collect()
    }

    /// An alert's expression with another threshold.
    #[track_caller]
    pub(crate) fn with_threshold(&self, alert: &str, threshold: &str, other: &str) -> String {
        let expression = &self.expressions[alert];
        let compared = format!("> {threshold} ");
        assert!(expression.contains(&compared), "{alert}: {expression}");
        expression.replace(&compared, &format!("> {other} "))
    }

    /// The description of the one active alert of that name.
    #[track_caller]
    pub(crate) fn description(prometheus: &PrometheusServer, alert: &str) -> String {
        let alerts = prometheus.api("alerts", &[]);
        let found: Vec<&Value> =
            list(&alerts["alerts"]).iter().filter(|each| each["labels"]["alertname"] == alert).collect();
        assert_eq!(found.len(), 1, "{alert}: {alerts:#}");
        text(&found[0]["annotations"]["description"])
    }

    /// Checks that every alert has shown and no rule has failed.
    pub(crate) fn assert_each_has_shown(&self, prometheus: &PrometheusServer) {
        let silent: Vec<_> = self.expressions.keys().filter(|name| !self.shown.contains(*name)).collect();
        assert!(silent.is_empty(), "these alerts never showed: {silent:?}");
        for record in &self.records {
            let series = prometheus.range(record, Duration::from_mins(10));
            assert!(!series.is_empty(), "nothing was recorded as {record}");
        }
        for rule in rules(prometheus) {
            assert_eq!(rule["health"], "ok", "{rule:#}");
        }
    }

    /// Counts an alert as shown.
    pub(crate) fn mark_shown(&mut self, alert: &str) {
        self.shown.insert(alert.to_owned());
    }
}

/// The alerts that Prometheus has, including pending ones. Their texts must be complete.
#[track_caller]
fn active(prometheus: &PrometheusServer) -> BTreeSet<String> {
    let alerts = prometheus.api("alerts", &[]);
    let of_alert = |alert: &Value| {
        let pairs = |value: &Value| -> BTreeMap<String, String> {
            value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
        };
        let labels = pairs(&alert["labels"]);
        for annotation in pairs(&alert["annotations"]).values() {
            let broken = ["<error", "<no value>", "%!"].iter().any(|mark| annotation.contains(mark));
            assert!(!broken && !annotation.is_empty(), "{alert:#}");
        }
        written(&labels["alertname"], &labels)
    };
    list(&alerts["alerts"]).iter().map(of_alert).collect()
}

fn written(name: &str, labels: &BTreeMap<String, String>) -> String {
    let own = labels.iter().filter(|(label, _)| !COMMON_LABELS.contains(&label.as_str()));
    own.fold(name.to_owned(), |written, (label, value)| format!("{written} {label}={value}"))
}

fn rules(prometheus: &PrometheusServer) -> Vec<Value> {
    let data = prometheus.api("rules", &[]);
    list(&data["groups"]).iter().flat_map(|group| list(&group["rules"]).to_vec()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value:#}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value:#}")).to_owned()
}
