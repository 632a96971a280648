//! Determines the version of a program, and since when that version is installed.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::env_var;
use mosaic_process::bounded_output;
use serde::{Deserialize, Serialize};

/// A version of a program. Two updates share it through the record of updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownVersion {
    /// The version.
    pub(crate) version: String,
    /// The time of its installation. A process that started earlier runs another version.
    #[serde(with = "timestamp_text")]
    pub(crate) since: Timestamp,
    /// The time of the last observation.
    #[serde(with = "timestamp_text")]
    pub(crate) seen: Timestamp,
    /// The previous version, if it is known.
    pub(crate) before: Option<String>,
}

impl KnownVersion {
    /// Combines the recorded version with the one that was observed at `now`. `changed` is the last change
    /// of the program's files. Pure.
    pub(crate) fn from_observation(known: Option<&Self>, version: &str, changed: Timestamp, now: Timestamp) -> Self {
        let version = version.to_owned();
        let (since, before) = match known {
            // A reinstallation changes the files but not the version.
            Some(known) if known.version == version => (known.since, known.before.clone()),
            // Files that were copied from elsewhere can be older than the last observation.
            Some(known) => (changed.max(known.seen), Some(known.version.clone())),
            None => (changed, None),
        };
        Self { version, since: since.min(now), seen: now, before }
    }
}

/// Runs `PROGRAM --version` and finds the version in its output.
///
/// # Errors
/// The program fails, prints no version, or takes longer than `timeout`; the text says which.
pub(crate) fn installed_version(program: &Path, search_path: &OsStr, timeout: Duration) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg("--version").env(env_var::PATH, search_path);
    let failed = |why: String| format!("{} --version: {why}", program.display());
    let output = bounded_output(&mut command, timeout).map_err(|error| failed(error.to_string()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    if !output.status.success() {
        let last = stderr.lines().chain(stdout.lines()).map(str::trim).find(|line| !line.is_empty());
        return Err(failed(format!("{}: {}", output.status, last.unwrap_or("no output"))));
    }
    // pi prints its version to standard error unless standard output is a terminal.
    let found = version_in(&stdout).or_else(|| version_in(&stderr));
    found.ok_or_else(|| failed("the output contains no version".to_owned()))
}

/// The first word of the output that is a version.
fn version_in(output: &str) -> Option<String> {
    let words = output.split_whitespace().map(|word| word.strip_prefix('v').unwrap_or(word));
    words.into_iter().find(|word| is_version(word)).map(str::to_owned)
}

fn is_version(word: &str) -> bool {
    let numbers = word.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.contains('.')
        && numbers.split('.').all(is_number)
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
}

/// Timestamps as RFC 3339 text.
mod timestamp_text {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(timestamp: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(timestamp)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{KnownVersion, version_in};
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn version_dates_from_the_file_change_unless_it_was_recorded() {
        let known = |version: &str, since, seen, before: Option<&str>| KnownVersion {
            version: version.to_owned(),
            since: at(since),
            seen: at(seen),
            before: before.map(str::to_owned),
        };
        let now = |was: Option<&KnownVersion>, version, changed| {
            KnownVersion::from_observation(was, version, at(changed), at(100))
        };
        let was = known("1.0", 10, 50, Some("0.9"));
        assert_eq!(now(None, "1.0", 10), known("1.0", 10, 100, None));
        assert_eq!(now(Some(&was), "1.0", 70), known("1.0", 10, 100, Some("0.9")), "installed once more");
        assert_eq!(now(Some(&was), "1.1", 70), known("1.1", 70, 100, Some("1.0")));
        assert_eq!(now(Some(&was), "1.1", 20), known("1.1", 50, 100, Some("1.0")), "a directory took another's place");
        assert_eq!(now(Some(&was), "1.1", 200), known("1.1", 100, 100, Some("1.0")), "a clock that was set");
    }

    #[test]
    fn version_is_found_in_the_output_of_each_program() {
        let table = [
            ("2.1.197 (Claude Code)\n", Some("2.1.197")),
            ("codex-cli 0.171.0\n", Some("0.171.0")),
            ("0.73.1\n", Some("0.73.1")),
            ("v1.18.33-beta.1+x\n", Some("1.18.33-beta.1+x")),
            ("WARNING: could not make \"/tmp\" (codex_home: x)\ncodex 1.0\n", Some("1.0")),
            ("version unknown\n", None),
            ("1 2 .. 1. .5 1.x ;1.2\n", None),
            ("", None),
        ];
        for (output, expected) in table {
            assert_eq!(version_in(output).as_deref(), expected, "{output}");
        }
    }
}
