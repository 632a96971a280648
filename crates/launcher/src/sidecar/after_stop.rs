//! What systemd runs after a unit's main process is gone (`ExecStopPost=`): the sidecar may have
//! been killed, and then somebody must decide what becomes of the agent.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use domain::ExitCode;
use process::{Cgroup, bounded_output};
use tmux::Server;

use super::SidecarError;
use super::remainder;
use crate::start::Request;

/// What becomes of what is left in the unit's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The next start adopts it.
    Keep,
    /// It ends.
    End,
}

/// Decides by `$SERVICE_RESULT` (systemd.exec(5)), and by whether somebody asked for the stop.
///
/// A sidecar that was killed, or hung until the watchdog killed it, leaves an agent that is well.
/// But if a stop was asked for meanwhile, or the sidecar did not get through one in time, then the
/// agent has to go, or nobody could stop it any more.
fn fate(result: &str, stop_was_asked_for: impl FnOnce() -> bool) -> Fate {
    let sidecar_failed = matches!(result, "signal" | "core-dump" | "watchdog");
    if sidecar_failed && !stop_was_asked_for() { Fate::Keep } else { Fate::End }
}

/// Looks after what a dead sidecar left; the unit's name is that of our own control group.
///
/// # Errors
/// What is left cannot be looked at.
pub fn after_stop(agent: &OsString) -> Result<ExitCode, SidecarError> {
    // systemd runs control processes of a unit with `Delegate=` in a group below the unit's.
    let Some(group) = Cgroup::own()?.and_then(|own| if own.name() == ".control" { own.parent() } else { Some(own) })
    else {
        return Ok(ExitCode::Ok);
    };
    if remainder::others(&group)?.is_empty() {
        return Ok(ExitCode::Ok);
    }
    let result = env::var("SERVICE_RESULT").unwrap_or_default();
    if fate(&result, || job_is_queued(group.name())) == Fate::Keep {
        return Ok(ExitCode::Ok);
    }
    remainder::end(&group, remainder::GRACE)?;
    let request = Request::parse(Some(agent), |name| env::var_os(name), Path::new("/"))?;
    let path = env::var_os("PATH");
    if let Ok(program) = tmux::find_program(path.as_deref()) {
        // The session is an empty shell now; if it cannot be removed, the next start clears it.
        let _ = Server::new(program, request.socket).within(Duration::from_secs(5)).kill_session(&request.agent);
    }
    Ok(ExitCode::Ok)
}

/// Is a job of the user manager under way for the unit? An automatic restart is none yet when this
/// runs. A manager that does not answer is taken to have none: the agent stays.
fn job_is_queued(unit: &str) -> bool {
    const LIMIT: Duration = Duration::from_secs(2);
    let asked = bounded_output(Command::new("systemctl").args(["--user", "show", "--value", "-p", "Job", unit]), LIMIT);
    asked.is_ok_and(|output| !matches!(output.stdout.trim_ascii(), b"" | b"0"))
}

#[cfg(test)]
mod tests {
    use super::{Fate, fate};

    #[test]
    fn only_an_agent_that_nobody_wanted_stopped_is_kept() {
        let table = [
            ("signal", false, Fate::Keep),
            ("watchdog", false, Fate::Keep),
            ("core-dump", false, Fate::Keep),
            ("signal", true, Fate::End),
            ("watchdog", true, Fate::End),
            ("success", false, Fate::End),
            ("exit-code", false, Fate::End),
            ("timeout", true, Fate::End),
            ("oom-kill", false, Fate::End),
            ("", false, Fate::End),
        ];
        for (result, asked, expected) in table {
            assert_eq!(fate(result, || asked), expected, "{result} {asked}");
        }
    }
}
