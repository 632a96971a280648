//! What systemd runs after a unit's main process is gone (`ExecStopPost=`): the sidecar may have
//! been killed, and then somebody must decide what becomes of the agent.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use domain::ExitCode;
use heartbeat::{Status, Writer};
use jiff::Timestamp;
use process::{Cgroup, Liveness, ProcRoot, bounded_output, monotonic};
use tmux::Server;

use super::SidecarError;
use super::remainder;
use crate::lock::{AgentLock, Role};
use crate::start::Request;

/// tmux answers in milliseconds, unless it hangs.
const TMUX_LIMIT: Duration = Duration::from_secs(5);

/// What becomes of what is left in the unit's group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The next start adopts it.
    Keep,
    /// It ends, and the last heartbeat says this of it.
    End(Status),
}

/// Decides by `$SERVICE_RESULT` (systemd.exec(5)), and by whether somebody asked for the stop.
///
/// A sidecar that was killed, or hung until the watchdog killed it, leaves an agent that is well.
/// But if a stop was asked for meanwhile, or the sidecar did not get through one in time, then the
/// agent has to go, or nobody could stop it any more.
fn fate(result: &str, stop_was_asked_for: impl FnOnce() -> bool) -> Fate {
    let sidecar_failed = matches!(result, "signal" | "core-dump" | "watchdog");
    match (sidecar_failed, result) {
        (true, _) if stop_was_asked_for() => Fate::End(Status::Stopped),
        (true, _) => Fate::Keep,
        (false, "timeout") => Fate::End(Status::Stopped),
        (false, _) => Fate::End(Status::Lost),
    }
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
    let request = Request::parse(Some(agent), |name| env::var_os(name), Path::new("/"))?;
    let mut status = Status::Lost;
    if !remainder::others(&group)?.is_empty() {
        let result = env::var("SERVICE_RESULT").unwrap_or_default();
        match fate(&result, || job_is_queued(group.name())) {
            Fate::Keep => return Ok(ExitCode::Ok),
            Fate::End(reason) => status = reason,
        }
        remainder::end(&group, remainder::GRACE)?;
        if let Ok(program) = tmux::find_program(env::var_os("PATH").as_deref()) {
            // The session is an empty shell now; if it cannot be removed, the next start clears it.
            let _ = Server::new(program, request.socket.clone()).within(TMUX_LIMIT).kill_session(&request.agent);
        }
    }
    write_last_beat(&request, status)?;
    Ok(ExitCode::Ok)
}

/// The beat that the sidecar did not get to: its heartbeat would say `ok` until it is stale.
fn write_last_beat(request: &Request, status: Status) -> Result<(), SidecarError> {
    let path = request.run_directory.heartbeat(&request.agent);
    let Ok(Some(mut last)) = heartbeat::read(&path) else { return Ok(()) };
    let lock = AgentLock::open(&request.run_directory, &request.agent)?;
    let alive =
        last.process().map_or(Ok(true), |process| ProcRoot::default().liveness(&process).map(Liveness::is_alive));
    let (Status::Ok, Some(binding)) = (last.status, &mut last.binding) else { return Ok(()) };
    if alive? || !lock.try_take(Role::Sidecar)? {
        return Ok(());
    }
    binding.monotonic = monotonic();
    binding.sequence = binding.sequence.saturating_add(1);
    last.written_at = Timestamp::now();
    last.status = status;
    Ok(Writer::new(&request.run_directory, &request.agent).write(&last)?)
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
    use heartbeat::Status;

    #[test]
    fn only_an_agent_that_nobody_wanted_stopped_is_kept() {
        let table = [
            ("signal", false, Fate::Keep),
            ("watchdog", false, Fate::Keep),
            ("core-dump", false, Fate::Keep),
            ("signal", true, Fate::End(Status::Stopped)),
            ("watchdog", true, Fate::End(Status::Stopped)),
            ("timeout", true, Fate::End(Status::Stopped)),
            ("success", false, Fate::End(Status::Lost)),
            ("exit-code", false, Fate::End(Status::Lost)),
            ("oom-kill", false, Fate::End(Status::Lost)),
            ("", false, Fate::End(Status::Lost)),
        ];
        for (result, asked, expected) in table {
            assert_eq!(fate(result, || asked), expected, "{result} {asked}");
        }
    }
}
