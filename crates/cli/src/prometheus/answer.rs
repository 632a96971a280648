//! The answer to an instant query: `{"status":"success","data":{"resultType":"vector","result":[…]}}`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// The moment that it is of, in Unix seconds, if there is any sample.
    pub(super) at: Option<f64>,
    /// The samples.
    pub(super) samples: Vec<Sample>,
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    labels: BTreeMap<String, String>,
    /// A number, never `NaN` or infinite.
    pub(super) value: f64,
}

/// Why an answer is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// It is not of this form.
    Form,
    /// The server says why it has none.
    Said(String),
}

impl Sample {
    /// The value of a label, empty if it has none: to Prometheus these are the same.
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// The metric's name.
    pub(super) fn name(&self) -> &str {
        self.label("__name__")
    }

    /// A value that says yes or no.
    pub(super) fn is_set(&self) -> bool {
        self.value > 0.5
    }
}

#[derive(Deserialize)]
struct Envelope {
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

impl Answer {
    /// Reads an answer.
    ///
    /// # Errors
    /// It is of another form, or says why there is none.
    pub(super) fn read(body: &[u8]) -> Result<Self, NoAnswer> {
        let envelope: Envelope = serde_json::from_slice(body).map_err(|_| NoAnswer::Form)?;
        if envelope.status == Status::Error {
            return Err(NoAnswer::Said(envelope.error.unwrap_or_else(|| "it does not say why".to_owned())));
        }
        let elements = envelope.data.ok_or(NoAnswer::Form)?.result;
        let at = elements.first().map(|element| element.value.0);
        let mut samples = Vec::with_capacity(elements.len());
        for Element { metric, value: (_, value) } in elements {
            let value: f64 = value.parse().map_err(|_| NoAnswer::Form)?;
            if value.is_finite() {
                samples.push(Sample { labels: metric, value });
            }
        }
        Ok(Self { at, samples })
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, NoAnswer};

    #[test]
    fn an_answer_has_samples_or_a_reason() {
        let vector =
            |result: &str| format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#);
        let one = r#"{"metric":{"__name__":"up","job":"a"},"value":[1795212670.502,"1"]}"#;
        let answer = Answer::read(vector(one).as_bytes()).unwrap();
        assert_eq!((answer.at, answer.samples.len()), (Some(1_795_212_670.502), 1));
        assert_eq!((answer.samples[0].name(), answer.samples[0].label("job")), ("up", "a"));
        assert_eq!(answer.samples[0].label("instance"), "");
        assert_eq!(Answer::read(vector("").as_bytes()).unwrap(), Answer::default());
        for value in ["NaN", "+Inf", "-Inf"] {
            let body = vector(&one.replace("\"1\"", &format!("\"{value}\"")));
            assert_eq!(Answer::read(body.as_bytes()).unwrap().samples, [], "{value}");
        }
        let said = Answer::read(br#"{"status":"error","errorType":"execution","error":"query timed out"}"#);
        assert_eq!(said, Err(NoAnswer::Said("query timed out".to_owned())));
        let vector_of_words = vector(&one.replace("\"1\"", "\"one\""));
        for body in ["<html>", "", "{}", r#"{"status":"success"}"#, "[]", &vector_of_words] {
            assert_eq!(Answer::read(body.as_bytes()), Err(NoAnswer::Form), "{body}");
        }
    }
}
