//! The queries of the shipped dashboards.

use std::collections::BTreeSet;
use std::time::Instant;

use mosaic_harness::{Dashboard, DashboardQuery, PrometheusServer};

/// Grafana's value for "All".
const ALL: &str = ".+";
const JOB: &str = "mosaic-fleet";

/// The queries of a dashboard for one choice of host and agent.
struct View {
    dashboard: String,
    agent: String,
    queries: Vec<DashboardQuery>,
}

/// Every query of the dashboards, for all hosts and agents and for each agent alone.
pub(crate) struct Panels {
    views: Vec<View>,
    since: Instant,
    /// Dashboard and number of each query that has returned a series so far.
    shown: BTreeSet<(String, usize)>,
}

impl Panels {
    const FLEET: &str = "mosaic-fleet.json";

    pub(crate) fn new(host: &str, agents: &[&str]) -> Self {
        let mut views = Vec::new();
        for dashboard in Dashboard::all() {
            let chosen: Vec<(&str, &str)> = if dashboard.file() == Self::FLEET {
                vec![(ALL, ALL)]
            } else {
                agents.iter().map(|agent| (host, *agent)).collect()
            };
            for (host, agent) in chosen {
                let values = [("job", JOB), ("host", host), ("agent", agent)];
                views.push(View {
                    dashboard: dashboard.file().to_owned(),
                    agent: agent.to_owned(),
                    queries: dashboard.queries(&values),
                });
            }
        }
        assert_eq!(views.len(), 1 + agents.len());
        Self { views, since: Instant::now(), shown: BTreeSet::new() }
    }

    /// Runs every query of every panel, which must succeed.
    pub(crate) fn run_queries(&mut self, prometheus: &PrometheusServer) {
        for view in &self.views {
            for (number, query) in view.queries.iter().enumerate() {
                let series = if query.instant {
                    prometheus.instant(&query.expression)
                } else {
                    prometheus.range(&query.expression, self.since.elapsed())
                };
                if !series.is_empty() {
                    self.shown.insert((view.dashboard.clone(), number));
                }
            }
        }
    }

    /// Counts all queries of a metric family as shown.
    pub(crate) fn exclude(&mut self, family: &str) {
        for View { dashboard, queries, .. } in &self.views {
            let matching = queries.iter().enumerate().filter(|(_, query)| query.expression.contains(family));
            self.shown.extend(matching.map(|(number, _)| (dashboard.clone(), number)));
        }
    }

    /// The queries of the panel with that title for the whole fleet.
    #[track_caller]
    pub(crate) fn of_fleet(&self, title: &str) -> Vec<&str> {
        self.of_agent(ALL, title)
    }

    /// The queries of the panel with that title for one agent.
    #[track_caller]
    pub(crate) fn of_agent(&self, agent: &str, title: &str) -> Vec<&str> {
        let view = self.views.iter().find(|view| view.agent == agent).unwrap();
        let queries = view.queries.iter().filter(|query| query.panel == title);
        let found: Vec<_> = queries.map(|query| query.expression.as_str()).collect();
        assert!(!found.is_empty(), "no panel {title}");
        found
    }

    /// Checks that each variable of a dashboard offers exactly the existing values.
    pub(crate) fn assert_choices(prometheus: &PrometheusServer, host: &str, agents: &[&str]) {
        let mut agents = agents.to_vec();
        agents.sort_unstable();
        let values = [("job", JOB), ("host", ALL), ("runtime", ".*"), ("class", ".*")];
        for dashboard in Dashboard::all() {
            for variable in dashboard.variables() {
                let Some(definition) = variable["definition"].as_str() else { continue };
                let arguments = definition.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
                let (selector, label) = arguments.and_then(|arguments| arguments.rsplit_once(", ")).unwrap();
                let selector = dashboard.substituted(selector.to_owned(), &values);
                let found = prometheus.api(&format!("label/{label}/values"), &[("match[]", &selector)]);
                let expected = match variable["name"].as_str().unwrap() {
                    "job" => serde_json::json!([JOB]),
                    "host" => serde_json::json!([host]),
                    "runtime" => serde_json::json!(["pi"]),
                    "class" => serde_json::json!(["implementer", "orchestrator"]),
                    _ => serde_json::json!(agents),
                };
                assert_eq!(found, expected, "{}: {definition}", dashboard.file());
            }
        }
    }

    /// Checks that every query has shown.
    pub(crate) fn assert_each_has_shown(&self) {
        for View { dashboard, queries, .. } in &self.views {
            for (number, DashboardQuery { panel, expression, .. }) in queries.iter().enumerate() {
                let has_shown = self.shown.contains(&(dashboard.clone(), number));
                assert!(has_shown, "{dashboard}: the panel '{panel}' never showed anything: {expression}");
            }
        }
    }
}
