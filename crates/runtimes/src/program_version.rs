//! The version of a program, as data files and installed packages name it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A version such as `2.1.332` or `1.0.0-beta.2`, ordered by precedence: `1.9` is older than `1.10`, and `1.0.0-beta`
/// older than `1.0.0`.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct ProgramVersion {
    text: String,
    numbers: Vec<u64>,
    /// What follows the first hyphen, at its dots.
    pre_release: Vec<String>,
}

/// A text that is not a version.
#[derive(Debug, thiserror::Error)]
#[error("'{}' is not a version: expected numbers with dots between them, such as 1.2.3", .0.escape_debug())]
pub struct InvalidVersion(String);

impl FromStr for ProgramVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let invalid = || InvalidVersion(text.chars().take(40).collect());
        // What follows a plus sign does not count for precedence.
        let (version, _) = text.split_once('+').unwrap_or((text, ""));
        let (numbers, pre_release) = version.split_once('-').unwrap_or((version, ""));
        let number = |part: &str| part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
        let numbers: Option<Vec<u64>> = numbers.split('.').map(number).collect();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-".contains(&byte);
        let numbers = numbers.filter(|_| text.len() <= 64 && text.bytes().all(is_plain)).ok_or_else(invalid)?;
        let pre_release = pre_release.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Ok(Self { text: text.to_owned(), numbers, pre_release })
    }
}

impl TryFrom<String> for ProgramVersion {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl Ord for ProgramVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let number = |version: &Self, at: usize| version.numbers.get(at).copied().unwrap_or_default();
        let numbers = (0..length).map(|at| number(self, at).cmp(&number(other, at)));
        let pre_releases = || match (self.pre_release.is_empty(), other.pre_release.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let keys = |version: &Self| version.pre_release.iter().map(|part| pre_release_key(part)).collect();
                let (own, others): (Vec<_>, Vec<_>) = (keys(self), keys(other));
                own.cmp(&others)
            }
        };
        numbers.into_iter().find(|order| order.is_ne()).unwrap_or_else(pre_releases)
    }
}

/// Numbers come before words, and are compared as numbers.
fn pre_release_key(part: &str) -> (bool, u64, String) {
    part.parse().map_or_else(|_| (true, 0, part.to_owned()), |number| (false, number, String::new()))
}

impl PartialOrd for ProgramVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ProgramVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ProgramVersion {}

impl fmt::Display for ProgramVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl schemars::JsonSchema for ProgramVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProgramVersion".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)*([-+][0-9A-Za-z.+-]*)?$" })
    }
}

#[cfg(test)]
mod tests {
    use super::ProgramVersion;

    #[test]
    fn versions_are_ordered_by_precedence() {
        let ascending =
            ["0.9", "1.0.0-2", "1.0.0-10", "1.0.0-beta", "1.0.0-beta.1", "1", "1.0.1", "1.9", "1.10", "2.1.332"];
        let versions: Vec<ProgramVersion> = ascending.iter().map(|text| text.parse().unwrap()).collect();
        for (at, version) in versions.iter().enumerate() {
            assert!(versions[at + 1..].iter().all(|newer| version < newer), "{version}");
        }
        assert_eq!("1.0".parse::<ProgramVersion>().unwrap(), "1.0.0+build".parse().unwrap());
        for invalid in ["", "v1", "1.", "1.x", "+1", "latest", "1.2 3", "1.0-ä", "99999999999999999999"] {
            assert!(invalid.parse::<ProgramVersion>().is_err(), "{invalid}");
        }
    }
}
