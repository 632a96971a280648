//! Parsing the output of `systemctl`.

use std::collections::HashMap;
use std::str::FromStr;

use jiff::Timestamp;

use crate::{JobOutcome, ManagerError, Unit, UnitFileChange, UnitFileChangeKind};

/// Parses `list-units --plain --no-legend`: name, load, active, sub, description.
pub(super) fn units(text: &str) -> Result<Vec<Unit>, ManagerError> {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty());
    lines
        .map(|words| match words.as_slice() {
            [name, load, active, sub, ..] => Unit::parse(name, load, active, (*sub).to_owned()),
            _ => Err(ManagerError::refused("list units", format!("systemctl printed '{}'", words.join(" ")))),
        })
        .collect()
}

/// Parses a line of `enable` or `disable`, such as `Created symlink /a → /b.` or `Removed "/a".`; newer versions
/// quote the paths in both.
pub(super) fn unit_file_change(line: &str) -> Option<UnitFileChange> {
    let path = |text: &str| text.trim_matches(['"', '\'', '.', ' ', '\u{2018}', '\u{2019}']).into();
    if let Some(link) = line.strip_prefix("Created symlink ") {
        let (from, to) = link.split_once('→').or_else(|| link.split_once("->"))?;
        // The path may begin with a dot, so only the final dot is removed.
        let to = to.trim().strip_suffix('.').unwrap_or(to);
        return Some(UnitFileChange { kind: UnitFileChangeKind::Linked, path: path(from), target: Some(path(to)) });
    }
    let removed = line.strip_prefix("Removed ")?;
    Some(UnitFileChange { kind: UnitFileChangeKind::Unlinked, path: path(removed), target: None })
}

/// Parses how a job ended from the standard error of `systemctl start UNIT`.
pub(super) fn job_outcome(stderr: &str) -> JobOutcome {
    let message = || stderr.lines().next().unwrap_or(stderr).trim().to_owned();
    // "Unit x not found.", "Unit x not loaded."
    if stderr.contains(" not found.") || stderr.contains(" not loaded.") {
        return JobOutcome::NoSuchUnit(message());
    }
    let table = [
        ("A dependency job for ", JobOutcome::Dependency),
        (" canceled", JobOutcome::Canceled),
        (" timed out", JobOutcome::Timeout),
        (" skipped", JobOutcome::Skipped),
        ("Job for ", JobOutcome::Failed),
    ];
    let known = table.into_iter().find(|(mark, _)| stderr.contains(mark));
    known.map_or_else(|| JobOutcome::Invalid(message()), |(_, outcome)| outcome)
}

/// Whether `systemctl` could not connect to the manager.
pub(super) fn is_connection_failure(stderr: &str) -> bool {
    [
        "Failed to connect to bus",
        "Failed to get D-Bus connection",
        "Transport endpoint is not connected",
        "Connection reset",
    ]
    .iter()
    .any(|mark| stderr.contains(mark))
}

/// The properties of one unit from `show`: `KEY=value` lines, with an empty line between two units.
pub(super) struct UnitProperties<'a>(HashMap<&'a str, &'a str>);

impl<'a> UnitProperties<'a> {
    pub(super) fn parse_blocks(text: &'a str) -> Vec<Self> {
        text.split("\n\n").map(Self::parse_block).filter(|properties| !properties.0.is_empty()).collect()
    }

    pub(super) fn parse_block(text: &'a str) -> Self {
        Self(text.lines().filter_map(|line| line.split_once('=')).collect())
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, ManagerError> {
        let value = self.0.get(key).copied();
        value.ok_or_else(|| ManagerError::refused("describe a unit", format!("systemctl does not print {key}")))
    }

    pub(super) fn number<T: FromStr>(&self, key: &str) -> Result<T, ManagerError> {
        let value = self.text(key)?;
        value
            .parse()
            .map_err(|_| ManagerError::refused("describe a unit", format!("{key} is '{value}', which is not a number")))
    }

    /// Parses a time such as `Fri 2026-11-20 18:47:22.123456 UTC`; `n/a` or an empty value means never.
    pub(super) fn timestamp(&self, key: &str) -> Result<Option<Timestamp>, ManagerError> {
        let value = self.text(key)?;
        if value.is_empty() || value == "n/a" {
            return Ok(None);
        }
        let invalid =
            || ManagerError::refused("describe a unit", format!("{key} is '{value}', which is not a time in UTC"));
        let [_, date, time, "UTC"] = value.split_whitespace().collect::<Vec<_>>()[..] else { return Err(invalid()) };
        format!("{date}T{time}Z").parse().map(Some).map_err(|_| invalid())
    }
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, UnitProperties, is_connection_failure, job_outcome, unit_file_change, units};
    use crate::{ActiveState, JobOutcome, LoadState, UnitFileChange, UnitFileChangeKind};

    #[test]
    fn list_units_is_parsed() {
        let text = "mosaic-agent@a.service loaded active running An agent\n\
                    mosaic-agent@b.service not-found inactive dead mosaic-agent@b.service\n";
        let units = units(text).unwrap();
        assert_eq!(units.len(), 2);
        assert_eq!(
            (units[0].load, units[0].active, units[0].sub.as_str()),
            (LoadState::Loaded, ActiveState::Active, "running")
        );
        assert_eq!(units[1].load, LoadState::NotFound);
        assert!(super::units("mosaic-agent@a.service loaded sleeping x").is_err());
    }

    #[test]
    fn unit_file_changes_of_old_and_new_versions_are_parsed() {
        let made = UnitFileChange {
            kind: UnitFileChangeKind::Linked,
            path: "/h/.c/a.wants/b".into(),
            target: Some("/h/b@.service".into()),
        };
        let gone = UnitFileChange { kind: UnitFileChangeKind::Unlinked, path: "/h/.c/b.service".into(), target: None };
        let table = [
            ("Created symlink /h/.c/a.wants/b → /h/b@.service.", Some(made.clone())),
            ("Created symlink '/h/.c/a.wants/b' → '/h/b@.service'.", Some(made)),
            ("Removed /h/.c/b.service.", Some(gone.clone())),
            ("Removed \"/h/.c/b.service\".", Some(gone.clone())),
            ("Removed '/h/.c/b.service'.", Some(gone)),
            ("The unit files have no installation config", None),
        ];
        for (line, expected) in table {
            assert_eq!(unit_file_change(line), expected, "{line}");
        }
    }

    #[test]
    fn job_outcomes_are_parsed() {
        let missing = "Failed to start x.service: Unit x.service not found.";
        let masked = "Failed to start x.service: Unit x.service is masked.";
        let table = [
            ("Job for x.service failed because the control process exited with error code.\nSee …", JobOutcome::Failed),
            ("A dependency job for x.service failed. See 'journalctl -xe' for details.", JobOutcome::Dependency),
            ("Job for x.service canceled.", JobOutcome::Canceled),
            ("Job for x.service timed out.", JobOutcome::Timeout),
            (missing, JobOutcome::NoSuchUnit(missing.to_owned())),
            (masked, JobOutcome::Invalid(masked.to_owned())),
        ];
        for (stderr, expected) in table {
            assert_eq!(job_outcome(stderr), expected, "{stderr}");
        }
    }

    #[test]
    fn properties_of_several_units_and_times_are_parsed() {
        let text = "A=x\nT=Fri 2026-11-20 18:47:22.123456 UTC\n\nA=y=z\nT=\n\nA=\nT=n/a\n";
        let shown = UnitProperties::parse_blocks(text);
        let texts: Vec<_> = shown.iter().map(|shown| shown.text("A").unwrap()).collect();
        assert_eq!(texts, ["x", "y=z", ""]);
        let times: Vec<_> =
            shown.iter().map(|shown| shown.timestamp("T").unwrap().map(Timestamp::as_microsecond)).collect();
        assert_eq!(times, [Some(1_795_200_442_123_456), None, None]);
        assert!(UnitProperties::parse_block("T=Fri 2026-11-20 18:47:22 CET").timestamp("T").is_err());
    }

    #[test]
    fn connection_failures_are_recognized() {
        assert!(is_connection_failure("Failed to connect to bus: Connection refused"));
        assert!(!is_connection_failure("Failed to start x.service: Unit x.service not found."));
    }
}
