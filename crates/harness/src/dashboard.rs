use crate::Binaries;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A dashboard of `dashboards/grafana`, as it is shipped.
#[derive(Clone, Debug)]
pub struct Dashboard {
    path: PathBuf,
    model: Value,
}

/// What a dashboard asks Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardQuery {
    /// The panel's title; an annotation's name.
    pub panel: String,
    /// The expression, without variables.
    pub expression: String,
    /// It is asked for one moment, not for a time range.
    pub instant: bool,
}

/// What Grafana puts in by itself, as for the last hour with a scrape every 15 s.
const OF_GRAFANA: [(&str, &str); 3] = [("__rate_interval", "1m"), ("__interval", "15s"), ("__range", "1h")];

impl Dashboard {
    /// Every dashboard there is, by name.
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

    /// The file, without its directory.
    #[must_use]
    pub fn file(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All of it.
    #[must_use]
    pub fn model(&self) -> &Value {
        &self.model
    }

    /// Its panels, those in rows among them.
    #[must_use]
    pub fn panels(&self) -> Vec<&Value> {
        let mut panels = Vec::new();
        for panel in list(&self.model["panels"]) {
            panels.push(panel);
            panels.extend(list(&panel["panels"]));
        }
        panels
    }

    /// Its variables.
    #[must_use]
    pub fn variables(&self) -> &[Value] {
        list(&self.model["templating"]["list"])
    }

    /// What every panel and annotation asks, with these values for the variables: `("host", "w1:27871")`.
    /// Panics if an expression has a variable that is none of them.
    #[must_use]
    pub fn queries(&self, values: &[(&str, &str)]) -> Vec<DashboardQuery> {
        let of_panels = self.panels().into_iter().flat_map(|panel| {
            list(&panel["targets"]).iter().map(move |target| (&panel["title"], &target["expr"], &target["instant"]))
        });
        let annotations = list(&self.model["annotations"]["list"]).iter().filter(|each| each.get("expr").is_some());
        let of_annotations = annotations.map(|each| (&each["name"], &each["expr"], &Value::Null));
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}: {value}", self.file())).to_owned();
        let query = |(panel, expression, instant): (&Value, &Value, &Value)| DashboardQuery {
            panel: text(panel),
            expression: self.substituted(text(expression), values),
            instant: instant == true,
        };
        of_panels.chain(of_annotations).map(query).collect()
    }

    /// An expression with values for its variables.
    #[must_use]
    pub fn substituted(&self, mut expression: String, values: &[(&str, &str)]) -> String {
        let mut known = [values, &OF_GRAFANA].concat();
        // `$__interval` is no variable `$__inter`, and none with another's name before it.
        known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, value) in known {
            expression = expression.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        assert!(!expression.contains('$'), "{}: a variable has no value: {expression}", self.file());
        expression
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
