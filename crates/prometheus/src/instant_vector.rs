//! The response to an instant query: `{"status":"success","data":{"resultType":"vector","result":[…]}}`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The result of an instant query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct InstantVector {
    /// The evaluation time in Unix seconds; `None` without samples.
    pub(crate) evaluated_at: Option<f64>,
    /// The samples. Those that are `NaN` or infinite are left out.
    pub(crate) samples: Vec<Sample>,
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    labels: BTreeMap<String, String>,
    /// The value, which is finite.
    pub(crate) value: f64,
}

/// Why a response has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResponseError {
    /// The body is not a response of the API.
    Malformed,
    /// The server reports this error.
    Query(String),
}

impl Sample {
    /// The value of a label. A missing label is empty, which is the same to Prometheus.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// The name of the metric.
    pub(crate) fn name(&self) -> &str {
        self.label("__name__")
    }

    /// The value as a boolean.
    pub(crate) fn is_set(&self) -> bool {
        self.value > 0.5
    }
}

#[derive(Deserialize)]
struct Response {
    status: Status,
    data: Option<Data>,
    error: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Success,
    Error,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Element>,
}

#[derive(Deserialize)]
struct Element {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl InstantVector {
    /// Parses the body of a response.
    ///
    /// # Errors
    /// The body is malformed or reports an error.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ResponseError> {
        let response: Response = serde_json::from_slice(body).map_err(|_| ResponseError::Malformed)?;
        if response.status == Status::Error {
            return Err(ResponseError::Query(response.error.unwrap_or_else(|| "no reason given".to_owned())));
        }
        let elements = response.data.ok_or(ResponseError::Malformed)?.result;
        let evaluated_at = elements.first().map(|element| element.value.0);
        let mut samples = Vec::with_capacity(elements.len());
        for Element { metric, value: (_, value) } in elements {
            let value: f64 = value.parse().map_err(|_| ResponseError::Malformed)?;
            if value.is_finite() {
                samples.push(Sample { labels: metric, value });
            }
        }
        Ok(Self { evaluated_at, samples })
    }
}

#[cfg(test)]
mod tests {
    use super::{InstantVector, ResponseError};

    #[test]
    fn a_response_has_samples_or_an_error() {
        let vector =
            |result: &str| format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#);
        let one = r#"{"metric":{"__name__":"up","job":"a"},"value":[1795212670.502,"1"]}"#;
        let parsed = InstantVector::parse(vector(one).as_bytes()).unwrap();
        assert_eq!((parsed.evaluated_at, parsed.samples.len()), (Some(1_795_212_670.502), 1));
        assert_eq!((parsed.samples[0].name(), parsed.samples[0].label("job")), ("up", "a"));
        assert_eq!(parsed.samples[0].label("instance"), "");
        assert_eq!(InstantVector::parse(vector("").as_bytes()).unwrap(), InstantVector::default());
        for value in ["NaN", "+Inf", "-Inf"] {
            let body = vector(&one.replace("\"1\"", &format!("\"{value}\"")));
            assert_eq!(InstantVector::parse(body.as_bytes()).unwrap().samples, [], "{value}");
        }
        let failed = InstantVector::parse(br#"{"status":"error","errorType":"execution","error":"query timed out"}"#);
        assert_eq!(failed, Err(ResponseError::Query("query timed out".to_owned())));
        let not_a_number = vector(&one.replace("\"1\"", "\"one\""));
        for body in ["<html>", "", "{}", r#"{"status":"success"}"#, "[]", &not_a_number] {
            assert_eq!(InstantVector::parse(body.as_bytes()), Err(ResponseError::Malformed), "{body}");
        }
    }
}
