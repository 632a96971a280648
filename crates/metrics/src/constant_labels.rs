//! Labels that every sample of an exposition gets, so that the expositions of several fleets can be distinguished.

use crate::encoder::escaped_label;
use crate::family::{EXPORTER_FAMILIES, FAMILIES};

/// Labels for every sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConstantLabels {
    rendered: String,
}

/// A text that is not a label for every sample.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLabel {
    /// It has no name and value.
    #[error("expected NAME=VALUE, such as fleet=alice")]
    NotALabel,
    /// The name has other characters than those of a label.
    #[error("'{}' is not a label name: expected letters, digits and underscores, not starting with a digit or two underscores", .0.escape_debug())]
    InvalidName(String),
    /// A metric has a label of this name.
    #[error("metrics have a label '{0}' already: choose another name, such as fleet")]
    Taken(String),
    /// The name is given twice.
    #[error("the label '{0}' is given twice")]
    Repeated(String),
}

impl ConstantLabels {
    /// Labels that Prometheus adds to every sample itself.
    const OF_TARGETS: [&str; 2] = ["job", "instance"];

    /// Parses labels of the form `NAME=VALUE`.
    ///
    /// # Errors
    /// A text is not a label, or its name is taken.
    pub fn parse(labels: &[impl AsRef<str>]) -> Result<Self, InvalidLabel> {
        let mut names: Vec<&str> = Vec::new();
        let mut rendered = Vec::new();
        for label in labels {
            let (name, value) = label.as_ref().split_once('=').ok_or(InvalidLabel::NotALabel)?;
            let is_valid = !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !name.starts_with(|first: char| first.is_ascii_digit())
                && !name.starts_with("__");
            if !is_valid {
                return Err(InvalidLabel::InvalidName(name.to_owned()));
            }
            let families = FAMILIES.iter().chain(EXPORTER_FAMILIES);
            let taken = Self::OF_TARGETS.iter().chain(families.flat_map(|family| family.labels)).chain(&["le"]);
            if taken.into_iter().any(|taken| *taken == name) {
                return Err(InvalidLabel::Taken(name.to_owned()));
            }
            if names.contains(&name) {
                return Err(InvalidLabel::Repeated(name.to_owned()));
            }
            names.push(name);
            rendered.push(escaped_label(name, value));
        }
        Ok(Self { rendered: rendered.join(",") })
    }

    pub(crate) fn rendered(&self) -> &str {
        &self.rendered
    }
}

#[cfg(test)]
mod tests {
    use super::{ConstantLabels, InvalidLabel};

    #[test]
    fn labels_are_escaped_and_their_names_are_unique() {
        let invalid = |name: &str| InvalidLabel::InvalidName(name.to_owned());
        let table: [(&[&str], Result<&str, InvalidLabel>); 11] = [
            (&[], Ok("")),
            (&["fleet=alice"], Ok("fleet=\"alice\"")),
            (&["fleet=", "_a1=b=\"c\""], Ok("fleet=\"\",_a1=\"b=\\\"c\\\"\"")),
            (&["fleet"], Err(InvalidLabel::NotALabel)),
            (&["=x"], Err(invalid(""))),
            (&["1a=x"], Err(invalid("1a"))),
            (&["__a=x"], Err(invalid("__a"))),
            (&["a-b=x"], Err(invalid("a-b"))),
            (&["agent=x"], Err(InvalidLabel::Taken("agent".to_owned()))),
            (&["instance=x"], Err(InvalidLabel::Taken("instance".to_owned()))),
            (&["fleet=a", "fleet=b"], Err(InvalidLabel::Repeated("fleet".to_owned()))),
        ];
        for (labels, expected) in table {
            let parsed = ConstantLabels::parse(labels);
            assert_eq!(parsed.as_ref().map(ConstantLabels::rendered), expected.as_ref().copied(), "{labels:?}");
        }
    }
}
