//! Reading what `systemctl` prints. Pure.

use std::collections::HashMap;
use std::str::FromStr;

use jiff::Timestamp;

use crate::{Change, ChangeKind, JobOutcome, ManagerError, Unit};

/// Reads `list-units --plain --no-legend`: name, load, active, sub, description.
pub(super) fn units(text: &str) -> Result<Vec<Unit>, ManagerError> {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty());
    lines
        .map(|words| match words.as_slice() {
            [name, load, active, sub, ..] => Unit::read(name, load, active, (*sub).to_owned()),
            _ => Err(ManagerError::refused("list units", format!("systemctl printed '{}'", words.join(" ")))),
        })
        .collect()
}

/// Reads a line of `enable` or `disable`, as in `Created symlink /a → /b.` and `Removed "/a".`; newer ones
/// have quotation marks in both.
pub(super) fn change(line: &str) -> Option<Change> {
    let path = |text: &str| text.trim_matches(['"', '\'', '.', ' ', '\u{2018}', '\u{2019}']).into();
    if let Some(link) = line.strip_prefix("Created symlink ") {
        let (from, to) = link.split_once('→').or_else(|| link.split_once("->"))?;
        // A path may begin with a dot, but not a full one.
        let to = to.trim().strip_suffix('.').unwrap_or(to);
        return Some(Change { kind: ChangeKind::Linked, path: path(from), target: Some(path(to)) });
    }
    let removed = line.strip_prefix("Removed ")?;
    Some(Change { kind: ChangeKind::Unlinked, path: path(removed), target: None })
}

/// How a job ended, by what `systemctl start UNIT` complains of.
pub(super) fn outcome(said: &str) -> JobOutcome {
    let words = || said.lines().next().unwrap_or(said).trim().to_owned();
    // "Unit x not found.", "Unit x not loaded."
    if said.contains(" not found.") || said.contains(" not loaded.") {
        return JobOutcome::NoSuchUnit(words());
    }
    let table = [
        ("A dependency job for ", JobOutcome::Dependency),
        (" canceled", JobOutcome::Canceled),
        (" timed out", JobOutcome::Timeout),
        (" skipped", JobOutcome::Skipped),
        ("Job for ", JobOutcome::Failed),
    ];
    let known = table.into_iter().find(|(mark, _)| said.contains(mark));
    known.map_or_else(|| JobOutcome::Invalid(words()), |(_, outcome)| outcome)
}

/// Does it complain of having found nobody to talk to?
pub(super) fn says_unreachable(said: &str) -> bool {
    [
        "Failed to connect to bus",
        "Failed to get D-Bus connection",
        "Transport endpoint is not connected",
        "Connection reset",
    ]
    .iter()
    .any(|mark| said.contains(mark))
}

/// Reads `show`: `KEY=value` lines, an empty line between two units.
pub(super) struct Shown<'a>(HashMap<&'a str, &'a str>);

impl<'a> Shown<'a> {
    pub(super) fn blocks(text: &'a str) -> Vec<Self> {
        text.split("\n\n").map(Self::block).filter(|shown| !shown.0.is_empty()).collect()
    }

    pub(super) fn block(text: &'a str) -> Self {
        Self(text.lines().filter_map(|line| line.split_once('=')).collect())
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, ManagerError> {
        let value = self.0.get(key).copied();
        value.ok_or_else(|| ManagerError::refused("describe a unit", format!("systemctl does not tell {key}")))
    }

    pub(super) fn number<T: FromStr>(&self, key: &str) -> Result<T, ManagerError> {
        let value = self.text(key)?;
        value.parse().map_err(|_| ManagerError::refused("describe a unit", format!("{key} is '{value}', not a number")))
    }

    /// As in `Fri 2026-11-20 18:47:22.123456 UTC`; `n/a` or nothing for never.
    pub(super) fn timestamp(&self, key: &str) -> Result<Option<Timestamp>, ManagerError> {
        let value = self.text(key)?;
        if value.is_empty() || value == "n/a" {
            return Ok(None);
        }
        let wrong = || ManagerError::refused("describe a unit", format!("{key} is '{value}', not a time in UTC"));
        let [_, date, time, "UTC"] = value.split_whitespace().collect::<Vec<_>>()[..] else { return Err(wrong()) };
        format!("{date}T{time}Z").parse().map(Some).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::{Shown, Timestamp, change, outcome, says_unreachable, units};
    use crate::{ActiveState, Change, ChangeKind, JobOutcome, LoadState};

    #[test]
    fn a_listing_is_read() {
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
    fn changes_of_old_and_new_versions_are_read() {
        let made =
            Change { kind: ChangeKind::Linked, path: "/h/.c/a.wants/b".into(), target: Some("/h/b@.service".into()) };
        let gone = Change { kind: ChangeKind::Unlinked, path: "/h/.c/b.service".into(), target: None };
        let table = [
            ("Created symlink /h/.c/a.wants/b → /h/b@.service.", Some(made.clone())),
            ("Created symlink '/h/.c/a.wants/b' → '/h/b@.service'.", Some(made)),
            ("Removed /h/.c/b.service.", Some(gone.clone())),
            ("Removed \"/h/.c/b.service\".", Some(gone.clone())),
            ("Removed '/h/.c/b.service'.", Some(gone)),
            ("The unit files have no installation config", None),
        ];
        for (line, expected) in table {
            assert_eq!(change(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_said_of_a_job_is_read() {
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
        for (said, expected) in table {
            assert_eq!(outcome(said), expected, "{said}");
        }
    }

    #[test]
    fn properties_of_several_units_are_told_apart_and_times_are_read() {
        let text = "A=x\nT=Fri 2026-11-20 18:47:22.123456 UTC\n\nA=y=z\nT=\n\nA=\nT=n/a\n";
        let shown = Shown::blocks(text);
        let texts: Vec<_> = shown.iter().map(|shown| shown.text("A").unwrap()).collect();
        assert_eq!(texts, ["x", "y=z", ""]);
        let times: Vec<_> =
            shown.iter().map(|shown| shown.timestamp("T").unwrap().map(Timestamp::as_microsecond)).collect();
        assert_eq!(times, [Some(1_795_200_442_123_456), None, None]);
        assert!(Shown::block("T=Fri 2026-11-20 18:47:22 CET").timestamp("T").is_err());
    }

    #[test]
    fn nobody_to_talk_to_is_not_a_refusal() {
        assert!(says_unreachable("Failed to connect to bus: Connection refused"));
        assert!(!says_unreachable("Failed to start x.service: Unit x.service not found."));
    }
}
