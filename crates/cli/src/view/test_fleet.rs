//! The example snapshot for tests of the views.

use mosaic_probe::example;
use mosaic_probe::snapshot::{Snapshot, SourceName};

/// The example fleet, with a source that failed, a unit that is not installed, and a unit that is unknown.
pub(crate) fn fleet() -> Snapshot {
    let mut fleet = example::snapshot();
    let why = "the systemd user manager did not answer within 2 s; check whether it or the D-Bus of the user hangs";
    let systemd = fleet.sources.get_mut(&SourceName::Systemd).unwrap();
    (systemd.ok, systemd.duration_ms, systemd.error) = (false, 2000.0, Some(why.to_owned()));
    for agent in &mut fleet.agents {
        match (agent.name.as_str(), &mut agent.unit) {
            ("rev0", Some(unit)) => unit.installed = false,
            ("scratch", unit) => *unit = None,
            _ => {}
        }
    }
    fleet
}
