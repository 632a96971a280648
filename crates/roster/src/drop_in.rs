//! Generated drop-ins: unit settings of the roster that differ from the shipped units.

use std::fmt::Write;
use std::time::Duration;

use mosaic_domain::{HeartbeatInterval, SocketName};

use crate::{AgentSettings, HolderSession, Limits, RestartPolicy, Roster};

const HEADER: &str = "# Written by mosaic fleet install, from the roster; changes here are lost.\n";

/// The file name of a generated drop-in. Drop-ins of the site have other names.
pub const DROP_IN_FILE_NAME: &str = "50-mosaic-fleet.conf";

/// The shortest watchdog timeout: a short heartbeat interval must not get a sidecar killed on a busy host.
const SHORTEST_WATCHDOG: Duration = Duration::from_secs(10);

/// The text of the drop-in of an agent's unit; `None` if the shipped unit needs no change.
#[must_use]
pub fn agent_drop_in(settings: &AgentSettings) -> Option<String> {
    let mut lines = String::new();
    if settings.restart != RestartPolicy::OnFailure {
        let _ = writeln!(lines, "Restart={}", settings.restart);
    }
    let Limits { memory_max, cpu_quota, tasks_max } = &settings.limits;
    if let Some(memory_max) = memory_max {
        let _ = writeln!(lines, "MemoryMax={memory_max}");
    }
    if let Some(cpu_quota) = cpu_quota {
        let _ = writeln!(lines, "CPUQuota={cpu_quota}");
    }
    if let Some(tasks_max) = tasks_max {
        let _ = writeln!(lines, "TasksMax={tasks_max}");
    }
    if let Some(interval) = settings.interval.filter(|interval| *interval != HeartbeatInterval::DEFAULT) {
        let watchdog = (interval.duration() * 3).max(SHORTEST_WATCHDOG);
        let _ = writeln!(lines, "WatchdogSec={}", systemd_duration(watchdog));
    }
    // An agent that is always restarted never reaches the start limit; the launcher delays its restarts.
    let unit = if settings.restart == RestartPolicy::Always { "[Unit]\nStartLimitIntervalSec=0\n" } else { "" };
    (!lines.is_empty()).then(|| format!("{HEADER}{unit}[Service]\n{lines}"))
}

/// The text of the drop-in of the holder's unit; `None` if the shipped unit needs no change.
#[must_use]
pub fn holder_drop_in(roster: &Roster) -> Option<String> {
    let mut lines = String::new();
    if roster.tmux.socket_name.as_str() != SocketName::DEFAULT {
        let _ = writeln!(lines, "Environment=MOSAIC_TMUX_SOCKET={}", roster.tmux.socket_name);
    }
    if roster.tmux.holder_session.as_str() != HolderSession::DEFAULT {
        let _ = writeln!(lines, "Environment=MOSAIC_HOLDER_SESSION={}", roster.tmux.holder_session);
    }
    (!lines.is_empty()).then(|| format!("{HEADER}[Service]\n{lines}"))
}

fn systemd_duration(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (seconds, 0) => format!("{seconds}s"),
        _ => format!("{}ms", duration.as_millis()),
    }
}
