//! Decides what an action has to do for one agent, from the observed state of that agent. Pure.

use mosaic_domain::Pid;
use mosaic_systemd::ActiveState;

use crate::action::{ActionFailure, FailureKind, LifecycleAction, Outcome};
use crate::start_requirements::StartKind;

/// How actions are performed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExecutionMode {
    /// By jobs of the systemd user manager.
    Managed,
    /// By the launcher and by signals, without a user manager.
    Direct,
}

/// The state of an agent before the action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObservedAgent {
    pub(crate) unit: UnitState,
    pub(crate) sidecar: Option<SidecarProcess>,
    pub(crate) session: SessionState,
}

/// The state of an agent's unit, as far as a plan needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitState {
    /// The unit has started.
    Up,
    /// The unit is starting or stopping, or waits for its next restart.
    Changing,
    /// The unit is inactive or has failed, does not exist, or there is no user manager.
    Down,
}

/// The process that writes the agent's heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SidecarProcess {
    pub(crate) pid: Pid,
    /// Whether it is the main process of a unit, which systemd would start again.
    pub(crate) is_unit_main: bool,
}

/// The agent's tmux session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SessionState {
    /// The session exists.
    Present,
    /// The session does not exist.
    Absent,
    /// tmux or the lock directory could not be read, for this reason.
    Unknown(String),
}

/// The plan for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgentPlan {
    /// First stop the processes that run outside of any unit.
    pub(crate) stop_unmanaged: bool,
    pub(crate) step: Step,
}

/// The last step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Do nothing more, and report this outcome.
    Done(Outcome),
    /// Run the action's job on the agent's unit; success is this outcome.
    Job(Outcome),
    /// Run the launcher; success is this outcome.
    Launch(Outcome),
    /// Do nothing, and report this failure.
    Refuse(ActionFailure),
}

impl From<ActiveState> for UnitState {
    fn from(state: ActiveState) -> Self {
        match state {
            ActiveState::Active | ActiveState::Reloading | ActiveState::Refreshing => Self::Up,
            ActiveState::Activating | ActiveState::Deactivating | ActiveState::Maintenance => Self::Changing,
            ActiveState::Inactive | ActiveState::Failed => Self::Down,
        }
    }
}

impl SessionState {
    /// Why it is unknown whether the session exists.
    fn unknown(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::Present | Self::Absent => None,
        }
    }
}

impl ObservedAgent {
    /// Whether a part of the agent runs that belongs to no unit.
    fn runs_unmanaged(&self) -> bool {
        self.unit == UnitState::Down && (self.sidecar.is_some() || self.session == SessionState::Present)
    }

    /// Whether anything of the agent runs, as far as that is known.
    pub(crate) fn runs(&self) -> bool {
        self.unit != UnitState::Down || self.runs_unmanaged()
    }
}

impl AgentPlan {
    /// What this plan does to start an agent in the state `observed`.
    pub(crate) fn start_kind(&self, action: LifecycleAction, observed: &ObservedAgent) -> StartKind {
        let starts = matches!(self.step, Step::Job(_) | Step::Launch(_));
        match (action, observed.runs()) {
            (LifecycleAction::Stop, _) => StartKind::None,
            _ if !starts => StartKind::None,
            (LifecycleAction::Restart, true) => StartKind::Replacement,
            // A session that cannot be seen may exist.
            _ if observed.sidecar.is_some() || observed.session != SessionState::Absent => StartKind::Adoption,
            _ => StartKind::New,
        }
    }
}

/// The plan that performs `action` on an agent in the state `observed`.
pub(crate) fn plan(action: LifecycleAction, mode: ExecutionMode, observed: &ObservedAgent) -> AgentPlan {
    let only = |step| AgentPlan { stop_unmanaged: false, step };
    let stop_and = |step| AgentPlan { stop_unmanaged: true, step };
    if let (
        ExecutionMode::Direct,
        LifecycleAction::Stop | LifecycleAction::Restart,
        Some(SidecarProcess { pid, is_unit_main: true }),
    ) = (mode, action, observed.sidecar)
    {
        let reason = format!(
            "a systemd unit runs it (process {pid}), but no user manager is reachable from here; check that \
             XDG_RUNTIME_DIR is set"
        );
        return only(Step::Refuse(reason.into()));
    }
    let begin = |outcome| match mode {
        ExecutionMode::Managed => Step::Job(outcome),
        ExecutionMode::Direct => Step::Launch(outcome),
    };
    match action {
        LifecycleAction::Start if observed.unit == UnitState::Up => only(Step::Done(Outcome::AlreadyRunning)),
        // The unit adopts the running agent.
        LifecycleAction::Start if mode == ExecutionMode::Managed && observed.runs_unmanaged() => {
            only(Step::Job(Outcome::TakenOver))
        }
        LifecycleAction::Stop if observed.unit != UnitState::Down => only(Step::Job(Outcome::Stopped)),
        LifecycleAction::Stop if observed.runs_unmanaged() => stop_and(Step::Done(Outcome::Stopped)),
        LifecycleAction::Stop => only(match &observed.session {
            SessionState::Unknown(why) => Step::Refuse(why.clone().into()),
            SessionState::Absent | SessionState::Present => Step::Done(Outcome::NotRunning),
        }),
        // An agent that is stopped now could not be started again.
        LifecycleAction::Restart if let Some(why) = observed.session.unknown().filter(|_| observed.runs()) => {
            let reason = format!("not restarted, because it could not be started again: {why}");
            only(Step::Refuse(ActionFailure { kind: FailureKind::Unavailable, reason }))
        }
        LifecycleAction::Restart if observed.runs_unmanaged() => stop_and(begin(Outcome::Restarted)),
        LifecycleAction::Restart if observed.runs() => only(begin(Outcome::Restarted)),
        // The launcher itself detects an agent that runs already.
        LifecycleAction::Start | LifecycleAction::Restart => only(begin(Outcome::Started)),
    }
}

#[cfg(test)]
mod tests {
    use super::ExecutionMode::{Direct, Managed};
    use super::UnitState::{Changing, Down, Up};
    use super::{AgentPlan, ObservedAgent, SessionState, SidecarProcess, Step, plan};
    use crate::action::LifecycleAction::{Restart, Start, Stop};
    use crate::action::Outcome;

    fn sidecar(is_unit_main: bool) -> SidecarProcess {
        SidecarProcess { pid: 99.try_into().unwrap(), is_unit_main }
    }

    #[test]
    fn plans_for_all_actions_and_states() {
        let (by_unit, by_hand, alone) = (Some(sidecar(true)), Some(sidecar(false)), None);
        let (there, none) = (SessionState::Present, SessionState::Absent);
        let (stop, only) = (true, false);
        let (job, launch, done) = (Step::Job, Step::Launch, Step::Done);
        let table = [
            (Start, Managed, Down, alone, &none, only, job(Outcome::Started)),
            (Start, Managed, Changing, alone, &none, only, job(Outcome::Started)),
            (Start, Managed, Up, by_unit, &there, only, done(Outcome::AlreadyRunning)),
            (Start, Managed, Down, by_hand, &there, only, job(Outcome::TakenOver)),
            (Start, Managed, Down, alone, &there, only, job(Outcome::TakenOver)),
            (Start, Direct, Down, alone, &none, only, launch(Outcome::Started)),
            (Start, Direct, Down, by_hand, &there, only, launch(Outcome::Started)),
            (Start, Direct, Down, by_unit, &there, only, launch(Outcome::Started)),
            (Stop, Managed, Up, by_unit, &there, only, job(Outcome::Stopped)),
            (Stop, Managed, Changing, alone, &there, only, job(Outcome::Stopped)),
            (Stop, Managed, Down, alone, &none, only, done(Outcome::NotRunning)),
            (Stop, Managed, Down, by_hand, &there, stop, done(Outcome::Stopped)),
            (Stop, Managed, Down, alone, &there, stop, done(Outcome::Stopped)),
            (Stop, Direct, Down, by_hand, &there, stop, done(Outcome::Stopped)),
            (Stop, Direct, Down, alone, &there, stop, done(Outcome::Stopped)),
            (Stop, Direct, Down, alone, &none, only, done(Outcome::NotRunning)),
            (Restart, Managed, Up, by_unit, &there, only, job(Outcome::Restarted)),
            (Restart, Managed, Changing, alone, &none, only, job(Outcome::Restarted)),
            (Restart, Managed, Down, alone, &none, only, job(Outcome::Started)),
            (Restart, Managed, Down, by_hand, &there, stop, job(Outcome::Restarted)),
            (Restart, Direct, Down, by_hand, &there, stop, launch(Outcome::Restarted)),
            (Restart, Direct, Down, alone, &none, only, launch(Outcome::Started)),
        ];
        for (action, mode, unit, sidecar, session, stop_unmanaged, step) in table {
            let observed = ObservedAgent { unit, sidecar, session: session.clone() };
            let expected = AgentPlan { stop_unmanaged, step };
            assert_eq!(plan(action, mode, &observed), expected, "{action:?} {mode:?} {observed:?}");
        }
    }

    #[test]
    fn direct_mode_does_not_stop_an_agent_of_a_unit() {
        for action in [Stop, Restart] {
            let observed = ObservedAgent { unit: Down, sidecar: Some(sidecar(true)), session: SessionState::Present };
            let planned = plan(action, Direct, &observed);
            assert!(matches!(&planned.step, Step::Refuse(why) if why.reason.contains("99")), "{planned:?}");
            assert!(!planned.stop_unmanaged);
        }
    }

    #[test]
    fn an_unknown_session_is_not_reported_as_not_running() {
        let unknown = || SessionState::Unknown("it hangs".to_owned());
        let observed = ObservedAgent { unit: Down, sidecar: None, session: unknown() };
        for mode in [Managed, Direct] {
            assert_eq!(plan(Stop, mode, &observed).step, Step::Refuse("it hangs".to_owned().into()));
        }
        let with_unit = ObservedAgent { unit: Up, ..observed };
        assert_eq!(plan(Stop, Managed, &with_unit).step, Step::Job(Outcome::Stopped), "systemd needs no tmux");
    }

    #[test]
    fn an_agent_that_runs_is_not_restarted_while_tmux_cannot_be_reached() {
        let unknown = || SessionState::Unknown("it hangs".to_owned());
        let table = [
            (Managed, Up, Some(sidecar(true)), true),
            (Managed, Changing, None, true),
            (Managed, Down, Some(sidecar(false)), true),
            (Direct, Down, Some(sidecar(false)), true),
            (Managed, Down, None, false),
            (Direct, Down, None, false),
        ];
        for (mode, unit, sidecar, refused) in table {
            let observed = ObservedAgent { unit, sidecar, session: unknown() };
            let planned = plan(Restart, mode, &observed);
            assert_eq!(matches!(planned.step, Step::Refuse(_)), refused, "{mode:?} {observed:?}: {planned:?}");
            assert!(!planned.stop_unmanaged);
        }
    }
}
