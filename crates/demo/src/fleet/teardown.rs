//! The end of the fleet: nothing stays.

use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_process::monotonic;
use rustix::process::Signal;

use super::manager::Manager;
use super::mark::wait_for;
use super::units::Units;
use super::{AGENTS, Home, Mark};

/// What a sidecar may take to end its agent: it gives it eight seconds, and then kills.
const STOPPING: Duration = Duration::from_secs(12);

/// Ends what runs, in order where that works and by force where not, and removes what was written.
/// A line for everything that is left.
pub(super) fn teardown(home: &Home, mark: &Mark) -> Vec<String> {
    let mut left = Vec::new();
    if let Some(manager) = Manager::of_this_user() {
        Units::new(home, &manager).remove(&mut left);
    }
    stop_sidecars(home, mark);
    left.extend(mark.end_all().into_iter().map(|pid| format!("process {pid} does not end")));
    if let Err(error) = remove(home) {
        left.push(format!("{}: {error}", home.path().display()));
    }
    left
}

/// As a stop is meant to be: each sidecar is asked, and ends its agent and the session.
fn stop_sidecars(home: &Home, mark: &Mark) {
    let sidecar = |agent: &str| {
        let agent: AgentName = agent.parse().ok()?;
        mark.open(mosaic_heartbeat::read(&home.run().heartbeat(&agent)).ok()??.binding?.sidecar)
    };
    let sidecars: Vec<_> = AGENTS.into_iter().filter_map(sidecar).collect();
    for (_, process) in &sidecars {
        let _ = process.signal(Signal::TERM);
    }
    wait_for(&sidecars, STOPPING);
}

/// The directory goes last. What was killed a moment ago may still have made a file in it.
fn remove(home: &Home) -> std::io::Result<()> {
    let deadline = monotonic() + Duration::from_secs(2);
    loop {
        match home.remove() {
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty && monotonic() < deadline => {}
            other => return other,
        }
    }
}
