//! The Grafana dashboards query only exported metrics, in valid `PromQL`, and every panel has a description.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;

use mosaic_harness::{Binaries, Dashboard, required_program};
use mosaic_metrics::{EXPORTER_FAMILIES, FAMILIES};
use serde_json::Value;

/// The panel types of Grafana 11 and 12 that the dashboards use.
const PANELS: [&str; 7] = ["timeseries", "stat", "table", "state-timeline", "status-history", "bargauge", "text"];
/// The width of Grafana's grid.
const COLUMNS: u64 = 24;
/// Labels that Prometheus adds to every target.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];
const VALUES: [(&str, &str); 5] =
    [("job", "mosaic-fleet"), ("host", "w1:27871"), ("runtime", "pi"), ("class", "worker"), ("agent", "coder0")];

/// Calls a check for every panel of every dashboard.
fn for_each_panel(check: impl Fn(&str, &Value)) {
    let dashboards = Dashboard::all();
    assert_eq!(dashboards.len(), 2);
    for dashboard in &dashboards {
        assert!(dashboard.panels().len() >= 10, "{}", dashboard.file());
        for panel in dashboard.panels() {
            check(&format!("{}: {}", dashboard.file(), panel["title"]), panel);
        }
    }
}

#[test]
fn prometheus_parses_every_expression() {
    let Some(promtool) = required_program("promtool") else { return };
    let directory = tempfile::tempdir().unwrap();
    for dashboard in Dashboard::all() {
        let mut rules = "groups:\n- name: dashboard\n  rules:\n".to_owned();
        for query in dashboard.queries(&VALUES) {
            // JSON strings are YAML strings.
            let expression = Value::from(query.expression);
            writeln!(rules, "  - record: expression:{}\n    expr: {expression}", rules.len()).unwrap();
        }
        let file = directory.path().join("rules.yml");
        std::fs::write(&file, rules).unwrap();
        let checked = Command::new(&promtool).args(["check", "rules"]).arg(&file).output().unwrap();
        assert!(checked.status.success(), "{}: {checked:#?}", dashboard.file());
    }
}

/// The name and the label matchers of every selector in an expression: `name{label="value"}`.
fn selectors(expression: &str) -> Vec<(&str, Vec<&str>)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|letter| !is_part(letter)).map_or(rest.len(), |length| start + length);
        let (name, after) = (&rest[start..end], &rest[end..]);
        rest = after;
        if name.contains("mosaic_") {
            let matchers = after.strip_prefix('{').and_then(|after| after.split_once('}')).unwrap_or_default().0;
            let labels = matchers.split(", ").filter(|matcher| !matcher.is_empty());
            found.push((name, labels.map(|matcher| matcher.split(['=', '!']).next().unwrap()).collect()));
        }
    }
    found
}

#[test]
fn selectors_are_found_in_an_expression() {
    let expression = r#"sum(mosaic_a{job="mosaic-fleet", x=~"1|2"}) - by:mosaic_b:sum and up{x="y"} > mosaic_c{}"#;
    let expected = vec![("mosaic_a", vec!["job", "x"]), ("by:mosaic_b:sum", vec![]), ("mosaic_c", vec![])];
    assert_eq!(selectors(expression), expected);
}

/// The series that the recording rules produce.
fn recorded() -> BTreeSet<String> {
    let rules = Binaries::workspace().join("dashboards/prometheus/mosaic-fleet.rules.yml");
    let text = std::fs::read_to_string(&rules).unwrap_or_else(|error| panic!("{}: {error}", rules.display()));
    let names = text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("record: "));
    names.map(|name| name.trim_matches('"').to_owned()).collect()
}

#[test]
fn every_queried_metric_and_label_is_exported() {
    let recorded = recorded();
    let mut checked = 0;
    for dashboard in Dashboard::all() {
        let of_variables = dashboard.variables().iter().filter_map(|variable| variable["definition"].as_str());
        let of_variables = of_variables.map(|query| dashboard.substituted(query.to_owned(), &VALUES));
        let of_panels = dashboard.queries(&VALUES).into_iter().map(|query| query.expression);
        for expression in of_variables.chain(of_panels) {
            for (name, labels) in selectors(&expression) {
                checked += 1;
                if recorded.contains(name) {
                    continue;
                }
                let family = FAMILIES.iter().chain(EXPORTER_FAMILIES).find(|family| family.name == name);
                let family = family.unwrap_or_else(|| panic!("{}: {name} is not exported", dashboard.file()));
                for label in labels {
                    let known = family.labels.contains(&label) || TARGET_LABELS.contains(&label);
                    assert!(known, "{}: {name} has no label {label}: {expression}", dashboard.file());
                }
            }
        }
    }
    assert!(checked > 50, "{checked}");
}

/// A choice of runtimes and classes limits the agents of every panel only if "All" stands for the agents in the list.
#[test]
fn runtimes_and_classes_limit_the_agents() {
    for dashboard in Dashboard::all() {
        let variable = |name: &str| dashboard.variables().iter().find(|variable| variable["name"] == name).unwrap();
        let definition = variable("agent")["definition"].as_str().unwrap();
        assert!(
            definition.contains("runtime=~\"$runtime\"") && definition.contains("class=~\"$class\""),
            "{definition}"
        );
        assert!(variable("agent")["allValue"].is_null(), "{}", dashboard.file());
        // An agent without a class has an empty label.
        for name in ["runtime", "class"] {
            assert_eq!(variable(name)["allValue"], ".*", "{}", dashboard.file());
        }
    }
}

#[test]
fn every_panel_has_a_supported_type_and_a_description() {
    for_each_panel(|name, panel| {
        let text = |key: &str| panel[key].as_str().unwrap_or_default().to_owned();
        assert!(PANELS.contains(&text("type").as_str()), "{name}: {}", panel["type"]);
        assert!(!text("title").is_empty(), "{name}");
        assert!(text("description").ends_with('.'), "{name} has no description");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{name} has no unit");
    });
}

#[test]
fn every_panel_uses_the_data_source_variable() {
    let variable = serde_json::json!({ "type": "prometheus", "uid": "${datasource}" });
    for_each_panel(|name, panel| {
        assert_eq!(panel["datasource"], variable, "{name}");
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"], variable, "{name}");
        }
    });
    for dashboard in Dashboard::all() {
        let names: Vec<&str> =
            dashboard.variables().iter().map(|variable| variable["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["datasource", "job", "host", "runtime", "class", "agent"], "{}", dashboard.file());
        assert_eq!(dashboard.variables()[0]["query"], "prometheus");
        for queried in &dashboard.variables()[1..] {
            assert_eq!(queried["datasource"], variable, "{}", dashboard.file());
        }
    }
}

/// No value is shown by its color alone.
#[test]
fn every_mapped_value_has_a_text() {
    fn mappings<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(fields) => {
                let is_result = fields.contains_key("color") && fields.contains_key("index");
                found.extend(is_result.then_some(value));
                fields.values().for_each(|field| mappings(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| mappings(item, found)),
            _ => {}
        }
    }
    for_each_panel(|name, panel| {
        let mut found = Vec::new();
        mappings(&panel["fieldConfig"], &mut found);
        let timeline = ["state-timeline", "status-history"].contains(&panel["type"].as_str().unwrap());
        assert!(!timeline || !found.is_empty(), "{name} shows states as numbers");
        for mapping in found {
            assert!(mapping["text"].as_str().is_some_and(|text| !text.is_empty()), "{name}: {mapping}");
        }
    });
}

#[test]
fn panel_ids_are_unique_and_panels_do_not_overlap() {
    for dashboard in Dashboard::all() {
        let mut ids = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in dashboard.panels() {
            let name = format!("{}: {}", dashboard.file(), panel["title"]);
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{name}: another panel has its id");
            let [x, y, width, height] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
            assert!(x + width <= COLUMNS, "{name} exceeds the grid");
            assert_eq!((x % 4, width % 4), (0, 0), "{name} is not aligned to a column");
            for square in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
                assert!(taken.insert(square), "{name} overlaps another panel at {square:?}");
            }
        }
    }
}

#[test]
fn dashboards_have_stable_uids_and_link_to_each_other() {
    let dashboards = Dashboard::all();
    let addresses: Vec<&str> = dashboards.iter().map(|dashboard| dashboard.model()["uid"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["mosaic-agent", "mosaic-fleet"]);
    for (dashboard, other) in dashboards.iter().zip(addresses.iter().rev()) {
        let model = dashboard.model();
        let text = std::fs::read_to_string(dashboard.path()).unwrap();
        assert!(text.contains(&format!("/d/{other}/{other}?${{datasource:queryparam}}")), "{}", dashboard.file());
        assert_eq!(model["id"], Value::Null);
        assert!(model["schemaVersion"].as_u64().unwrap() >= 39);
        assert_eq!(model["refresh"], "30s");
        assert_eq!(model["tags"], serde_json::json!(["mosaic-fleet"]));
    }
}
