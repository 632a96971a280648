use crate::Binaries;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A shipped dashboard from `dashboards/grafana`.
#[derive(Clone, Debug)]
pub struct Dashboard {
    path: PathBuf,
    model: Value,
}

/// A query that a dashboard sends to Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardQuery {
    /// The panel's title or the annotation's name.
    pub panel: String,
    /// The expression with all variables replaced.
    pub expression: String,
    /// Whether this is an instant query, not a range query.
    pub instant: bool,
}

/// Grafana's built-in variables, with their values for the last hour and a scrape interval of 15 s.
const BUILT_IN_VARIABLES: [(&str, &str); 3] = [("__rate_interval", "1m"), ("__interval", "15s"), ("__range", "1h")];

impl Dashboard {
    /// Loads every shipped dashboard, sorted by file name.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let directory = Binaries::workspace().join("dashboards/grafana");
        let entries = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        paths.into_iter().map(Self::load).collect()
    }

    fn load(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let model = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, model }
    }

    /// The file name.
    #[must_use]
    pub fn file(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The dashboard's JSON model.
    #[must_use]
    pub fn model(&self) -> &Value {
        &self.model
    }

    /// The panels, including those in rows.
    #[must_use]
    pub fn panels(&self) -> Vec<&Value> {
        let mut panels = Vec::new();
        for panel in list(&self.model["panels"]) {
            panels.push(panel);
            panels.extend(list(&panel["panels"]));
        }
        panels
    }

    /// The template variables.
    #[must_use]
    pub fn variables(&self) -> &[Value] {
        list(&self.model["templating"]["list"])
    }

    /// Returns the queries of every panel and annotation, with these values for the variables, for example
    /// `("host", "w1:27871")`. Panics if an expression contains a variable without a value.
    #[must_use]
    pub fn queries(&self, values: &[(&str, &str)]) -> Vec<DashboardQuery> {
        let panel_queries = self.panels().into_iter().flat_map(|panel| {
            list(&panel["targets"]).iter().map(move |target| (&panel["title"], &target["expr"], &target["instant"]))
        });
        let annotations = list(&self.model["annotations"]["list"]).iter().filter(|each| each.get("expr").is_some());
        let annotation_queries = annotations.map(|each| (&each["name"], &each["expr"], &Value::Null));
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}: {value}", self.file())).to_owned();
        let query = |(panel, expression, instant): (&Value, &Value, &Value)| DashboardQuery {
            panel: text(panel),
            expression: self.substituted(text(expression), values),
            instant: instant == true,
        };
        panel_queries.chain(annotation_queries).map(query).collect()
    }

    /// Replaces the variables of an expression.
    #[must_use]
    pub fn substituted(&self, mut expression: String, values: &[(&str, &str)]) -> String {
        let mut known = [values, &BUILT_IN_VARIABLES].concat();
        // Longer names first, so that a variable whose name is a prefix of another does not replace a part of it.
        known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, value) in known {
            expression = expression.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        assert!(!expression.contains('$'), "{}: a variable of the expression has no value: {expression}", self.file());
        expression
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
