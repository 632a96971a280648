//! Deciding the next step of a start from what was observed. This module is pure.

use mosaic_domain::Pid;
use mosaic_tmux::{Pane, PaneId};

/// The options of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    /// Become the sidecar, instead of spawning it.
    pub(super) foreground: bool,
    /// End an existing session.
    pub(super) replace: bool,
}

/// The observed state of the agent, under its starter's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Observed {
    /// The process that holds the sidecar's lock.
    pub(super) sidecar: Option<RunningSidecar>,
    /// The agent's session.
    pub(super) session: Session,
    /// The session that was to be replaced has been ended.
    pub(super) replaced: bool,
}

/// The process that holds the sidecar's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunningSidecar {
    pub(super) pid: Pid,
    /// It is the main process of a systemd unit, so only systemd may stop it.
    pub(super) owned_by_unit: bool,
}

/// The agent's session on the tmux server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// The session has not been observed yet.
    NotObserved,
    /// There is no session.
    Absent,
    /// The session exists and this process runs in its pane.
    Alive(Pane, Pid),
    /// The session exists and its process has ended.
    Dead,
}

/// The next step. After each step but the last three, the state is observed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Observe the session.
    ObserveSession,
    /// Make the session. If it exists, that is an observation.
    CreateSession,
    /// Remove the session, whose process has ended.
    RemoveSession,
    /// End the agent's process, and remove the session.
    EndAgent(PaneId, Pid),
    /// Ask the sidecar to exit and leave the agent running.
    DismissSidecar(Pid),
    /// Ask the sidecar to stop the agent, and wait until it has exited.
    StopSidecar(Pid),
    /// Wait for the sidecar, which is about to exit.
    AwaitSidecarExit(Pid),
    /// Start a sidecar for the existing session.
    AdoptSession(Pane, Pid),
    /// Do nothing: the agent, with this pane process, runs and has a sidecar.
    ReportRunning(Pid),
    /// Fail: the agent belongs to a systemd unit, whose main process this is.
    RefuseUnit(Pid),
}

pub(super) fn plan(mode: Mode, observed: &Observed) -> Step {
    let replace = mode.replace && !observed.replaced;
    match (observed.sidecar, &observed.session) {
        (Some(sidecar), _) if replace && sidecar.owned_by_unit => Step::RefuseUnit(sidecar.pid),
        (Some(sidecar), _) if replace => Step::StopSidecar(sidecar.pid),
        // The usual start makes the session without observing it first, because tmux reports whether it exists.
        (None, Session::NotObserved) if !replace => Step::CreateSession,
        (_, Session::NotObserved) => Step::ObserveSession,
        (Some(sidecar), Session::Alive(..)) if mode.foreground && sidecar.owned_by_unit => {
            Step::RefuseUnit(sidecar.pid)
        }
        (Some(sidecar), Session::Alive(..)) if mode.foreground => Step::DismissSidecar(sidecar.pid),
        (Some(_), Session::Alive(_, pid)) => Step::ReportRunning(*pid),
        (Some(sidecar), Session::Dead | Session::Absent) => Step::AwaitSidecarExit(sidecar.pid),
        (None, Session::Absent) => Step::CreateSession,
        (None, Session::Dead) => Step::RemoveSession,
        (None, Session::Alive(pane, pid)) if replace => Step::EndAgent(pane.id, *pid),
        (None, Session::Alive(pane, pid)) => Step::AdoptSession(pane.clone(), *pid),
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Observed, RunningSidecar, Session, Step, plan};
    use mosaic_domain::Pid;
    use mosaic_tmux::Pane;

    fn pane() -> Pane {
        Pane {
            id: "%4".parse().unwrap(),
            pid: Pid::new(77),
            dead: false,
            verdict: None,
            server: 12.try_into().unwrap(),
            start_command: String::new(),
        }
    }

    #[test]
    fn the_next_step_follows_from_the_observation() {
        let (pid, pane_pid) = (99.try_into().unwrap(), 77.try_into().unwrap());
        let alive = || Session::Alive(pane(), pane_pid);
        let none = || None;
        let detached_sidecar = || Some(RunningSidecar { pid, owned_by_unit: false });
        let of_unit = || Some(RunningSidecar { pid, owned_by_unit: true });
        let (detached, foreground) = ((false, false), (true, false));
        let (replace, foreground_replace) = ((false, true), (true, true));
        let running = || Step::ReportRunning(pane_pid);
        let table = [
            (detached, none(), Session::NotObserved, Step::CreateSession),
            (detached, none(), Session::Absent, Step::CreateSession),
            (detached, none(), Session::Dead, Step::RemoveSession),
            (detached, none(), alive(), Step::AdoptSession(pane(), pane_pid)),
            (detached, detached_sidecar(), Session::NotObserved, Step::ObserveSession),
            (detached, detached_sidecar(), alive(), running()),
            (detached, of_unit(), alive(), running()),
            (detached, detached_sidecar(), Session::Dead, Step::AwaitSidecarExit(pid)),
            (detached, detached_sidecar(), Session::Absent, Step::AwaitSidecarExit(pid)),
            (foreground, none(), Session::NotObserved, Step::CreateSession),
            (foreground, none(), alive(), Step::AdoptSession(pane(), pane_pid)),
            (foreground, detached_sidecar(), alive(), Step::DismissSidecar(pid)),
            (foreground, of_unit(), alive(), Step::RefuseUnit(pid)),
            (foreground, detached_sidecar(), Session::Dead, Step::AwaitSidecarExit(pid)),
            (replace, none(), Session::NotObserved, Step::ObserveSession),
            (replace, none(), alive(), Step::EndAgent(pane().id, pane_pid)),
            (replace, none(), Session::Dead, Step::RemoveSession),
            (replace, none(), Session::Absent, Step::CreateSession),
            (replace, detached_sidecar(), Session::NotObserved, Step::StopSidecar(pid)),
            (replace, of_unit(), Session::NotObserved, Step::RefuseUnit(pid)),
            (foreground_replace, detached_sidecar(), Session::NotObserved, Step::StopSidecar(pid)),
        ];
        for ((foreground, replace), sidecar, session, expected) in table {
            let observed = Observed { sidecar, session, replaced: false };
            assert_eq!(plan(Mode { foreground, replace }, &observed), expected, "{foreground} {replace} {observed:?}");
        }
    }
}
