use serde_json::Value;
use std::collections::BTreeMap;

/// One series of an answer of Prometheus'.
#[derive(Clone, Debug, PartialEq)]
pub struct PrometheusSeries {
    /// Its labels, its name among them where it has one.
    pub labels: BTreeMap<String, String>,
    /// Its samples: when, in seconds since 1970, and how much. One, if one moment was asked for.
    pub samples: Vec<(f64, f64)>,
}

impl PrometheusSeries {
    /// Every series of an answer: a vector, a matrix, or a number of its own, which has no labels.
    pub(crate) fn all(data: &Value) -> Vec<Self> {
        let result = &data["result"];
        if data["resultType"] == "scalar" {
            return vec![Self { labels: BTreeMap::new(), samples: vec![sample(result)] }];
        }
        let list = result.as_array().unwrap_or_else(|| panic!("neither vector nor matrix: {data:#}"));
        list.iter().map(Self::of).collect()
    }

    fn of(series: &Value) -> Self {
        let labels = series["metric"].as_object().expect("a series has labels").iter();
        let text = |value: &Value| value.as_str().expect("a label is a text").to_owned();
        let samples = match series["values"].as_array() {
            Some(values) => values.iter().map(sample).collect(),
            None => vec![sample(&series["value"])],
        };
        Self { labels: labels.map(|(name, value)| (name.clone(), text(value))).collect(), samples }
    }

    /// A label's value, empty if it has none.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// The last sample's value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.samples.last().expect("a series has a sample").1
    }
}

/// Numbers come as texts, for JSON has no NaN.
fn sample(pair: &Value) -> (f64, f64) {
    let value = pair[1].as_str().and_then(|text| text.parse().ok());
    (pair[0].as_f64().expect("a time"), value.unwrap_or_else(|| panic!("no sample: {pair}")))
}
