//! The state of a unit, as the user manager reports it.

use std::process::Command;
use std::time::Duration;

use mosaic_process::bounded_output;

/// The state of a unit, as far as it matters to an agent without a sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitState {
    /// A stop or restart that was requested is in progress.
    Stopping,
    /// The unit is inactive or failed, and will not be restarted automatically.
    Inactive,
    /// The unit is starting, running, or waiting for its restart.
    Active,
    /// The user manager does not answer.
    Unknown,
}

impl UnitState {
    /// Asks the user manager, by one call for the unit and its job together.
    ///
    /// The manager runs jobs only while it has no calls to answer (its run queue has the lowest priority), so a crowd
    /// of callers keeps it from starting anything.
    pub(super) fn query(unit: &str) -> Self {
        const TIMEOUT: Duration = Duration::from_secs(2);
        let mut command = Command::new("systemctl");
        command.args(["--user", "list-units", "--all", "--full", "--output=json", "--", unit]);
        match bounded_output(&mut command, TIMEOUT) {
            Ok(output) if output.status.success() => Self::from_list(&String::from_utf8_lossy(&output.stdout)),
            _ => Self::Unknown,
        }
    }

    /// Reads the list, which has no entry for a unit that is not loaded.
    ///
    /// While `ExecStopPost=` runs after a failed start, the start job still exists. A restart by systemd itself is a
    /// start job at that time.
    fn from_list(list: &str) -> Self {
        match (value(list, "job"), value(list, "active")) {
            (Some("stop" | "restart" | "try-restart"), _) => Self::Stopping,
            (None, Some("inactive" | "failed")) => Self::Inactive,
            (_, Some(_)) => Self::Active,
            (_, None) if list.trim() == "[]" => Self::Inactive,
            (_, None) => Self::Unknown,
        }
    }
}

/// The value of a key in a list with one entry. No value contains a quote, because the name of the unit, and so its
/// description, does not.
fn value<'a>(list: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = list.split_once(&format!("\"{key}\":\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::UnitState;

    #[test]
    fn the_state_is_read_from_the_list_of_units() {
        let entry = |active: &str, job: &str| {
            format!(
                r#"[{{"unit":"mosaic-agent@a.service","load":"loaded","active":"{active}","sub":"x"{job},"description":"Mosaic Fleet: agent a"}}]"#
            )
        };
        let table = [
            (entry("deactivating", r#","job":"stop""#), UnitState::Stopping),
            (entry("deactivating", r#","job":"restart""#), UnitState::Stopping),
            (entry("deactivating", r#","job":"start""#), UnitState::Active),
            (entry("inactive", r#","job":"start""#), UnitState::Active),
            (entry("activating", ""), UnitState::Active),
            (entry("inactive", ""), UnitState::Inactive),
            (entry("failed", r#","job":null"#), UnitState::Inactive),
            ("[]\n".to_owned(), UnitState::Inactive),
            (String::new(), UnitState::Unknown),
        ];
        for (list, expected) in table {
            assert_eq!(UnitState::from_list(&list), expected, "{list}");
        }
    }
}
