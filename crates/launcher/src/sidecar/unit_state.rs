//! What the user manager has in mind for a unit.

use std::process::Command;
use std::time::Duration;

use mosaic_process::bounded_output;

/// As far as it matters to an agent whose sidecar is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitState {
    /// Somebody asked for a stop or a restart, and that is under way.
    Stopping,
    /// It is inactive or has failed, and will not be started again by itself.
    AtRest,
    /// It is starting, running, or waiting to be started again.
    Alive,
    /// The manager does not say.
    Unknown,
}

/// Asks the user manager.
pub(super) fn of(unit: &str) -> UnitState {
    let jobs = systemctl(&["list-jobs", "--plain", "--no-legend"]);
    let shown = systemctl(&["show", "--property=ActiveState", unit]);
    match (jobs, shown) {
        (Some(jobs), Some(shown)) => judge(unit, &jobs, &shown),
        _ => UnitState::Unknown,
    }
}

fn systemctl(arguments: &[&str]) -> Option<String> {
    const LIMIT: Duration = Duration::from_secs(2);
    let output = bounded_output(Command::new("systemctl").arg("--user").args(arguments), LIMIT).ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads a list of jobs (number, unit, type, state) and the unit's `ActiveState=`.
///
/// The job of a start that fails is still there while what follows the failure runs; a restart by
/// systemd itself is such a start too by then.
fn judge(unit: &str, jobs: &str, shown: &str) -> UnitState {
    let job =
        jobs.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find(|job| job.get(1) == Some(&unit));
    match (job.as_deref(), shown.trim().strip_prefix("ActiveState=")) {
        (Some([_, _, "stop" | "restart" | "try-restart", ..]), _) => UnitState::Stopping,
        (None, Some("inactive" | "failed")) => UnitState::AtRest,
        (_, Some(_)) => UnitState::Alive,
        (_, None) => UnitState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{UnitState, judge};

    #[test]
    fn what_systemctl_says_is_read() {
        let unit = "mosaic-agent@a.service";
        let other = "7 mosaic-agent@b.service stop running\n";
        let table = [
            ("9 mosaic-agent@a.service stop  running\n", "ActiveState=deactivating", UnitState::Stopping),
            ("9 mosaic-agent@a.service restart waiting\n", "ActiveState=deactivating", UnitState::Stopping),
            ("9 mosaic-agent@a.service start running\n", "ActiveState=deactivating", UnitState::Alive),
            ("9 mosaic-agent@a.service start waiting\n", "ActiveState=inactive", UnitState::Alive),
            (other, "ActiveState=activating", UnitState::Alive),
            (other, "ActiveState=inactive\n", UnitState::AtRest),
            ("", "ActiveState=failed\n", UnitState::AtRest),
            ("", "", UnitState::Unknown),
        ];
        for (jobs, shown, expected) in table {
            assert_eq!(judge(unit, jobs, shown), expected, "{jobs} {shown}");
        }
    }
}
