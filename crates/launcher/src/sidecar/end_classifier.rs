//! Classifying the end of a pane process. This module is pure.

use mosaic_domain::{ExitVerdict, Pid};
use mosaic_tmux::Pane;

/// What is known about an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The process that was watched.
    pub(super) pid: Pid,
    /// Another process has its PID.
    pub(super) reused: bool,
    /// How it ended according to the kernel, if it was still a zombie when that was read.
    pub(super) kernel: Option<ExitVerdict>,
    /// The tmux server has ended.
    pub(super) server_ended: bool,
    /// The pane in which it ran.
    pub(super) pane: PaneState,
}

/// The state of the pane according to tmux.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PaneState {
    /// The pane exists.
    Present(Pane),
    /// The pane is gone with its session.
    Gone,
    /// The call to tmux failed: tmux hangs, or its client could not be started.
    Unknown,
}

/// What the end means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EndClass {
    /// The pane runs another process, because it was respawned.
    Respawned(Pane),
    /// The agent's process ended.
    Exited(ExitVerdict),
    /// The server ended, or the session was removed.
    Lost,
    /// tmux does not report the verdict yet. If it never does, this applies.
    Undecided(Fallback),
}

/// What an end counts as if tmux never reports its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    /// The process ended with an unknown verdict: tmux 3.2 does not report signals.
    ExitedUnknown,
    /// Nothing is known.
    Lost,
}

pub(super) fn classify(evidence: &Evidence) -> EndClass {
    if evidence.server_ended {
        return EndClass::Lost;
    }
    match (&evidence.pane, evidence.kernel) {
        // A PID can be reused only after tmux has waited for the first process. If a running pane has the same PID and
        // another process, it was respawned too.
        (PaneState::Present(pane), _)
            if (pane.pid != Some(evidence.pid) || evidence.reused) && !pane.dead && pane.verdict.is_none() =>
        {
            EndClass::Respawned(pane.clone())
        }
        // tmux is the parent of the process, so its verdict is reliable.
        (PaneState::Present(Pane { verdict: Some(verdict), .. }), _) => EndClass::Exited(*verdict),
        // A dead pane stays until its session is killed. That hangs up its processes, so how they end means nothing.
        (PaneState::Gone, _) => EndClass::Lost,
        (_, Some(verdict)) => EndClass::Exited(verdict),
        (PaneState::Present(pane), None) if pane.dead => EndClass::Undecided(Fallback::ExitedUnknown),
        (PaneState::Present(_) | PaneState::Unknown, None) => EndClass::Undecided(Fallback::Lost),
    }
}

/// The verdict that is written at once, before tmux is asked. `None` if it could be wrong: a server that ends, a pane
/// that is respawned, and a session that is killed all end their processes by SIGHUP.
pub(super) fn preliminary_verdict(kernel: Option<ExitVerdict>, server_ended: bool) -> Option<ExitVerdict> {
    const SIGHUP: u8 = 1;
    kernel.filter(|verdict| !server_ended && *verdict != ExitVerdict::Signal(SIGHUP))
}

#[cfg(test)]
mod tests {
    use super::{EndClass, Evidence, Fallback, PaneState, classify, preliminary_verdict};
    use PaneState::{Gone, Present, Unknown};
    use mosaic_domain::ExitVerdict::{Code, Signal};
    use mosaic_domain::Pid;
    use mosaic_tmux::Pane;

    fn pane(pid: u32, dead: bool, verdict: Option<mosaic_domain::ExitVerdict>) -> Pane {
        Pane {
            id: "%4".parse().unwrap(),
            pid: Pid::new(pid),
            dead,
            verdict,
            server: 12.try_into().unwrap(),
            start_command: String::new(),
        }
    }

    #[test]
    fn the_class_follows_from_the_evidence() {
        let table = [
            // (kernel, server ended, pane) -> class; the watched process has the PID 77
            (Some(Code(7)), false, Present(pane(77, true, Some(Code(7)))), EndClass::Exited(Code(7))),
            (None, false, Present(pane(77, true, Some(Signal(9)))), EndClass::Exited(Signal(9))),
            // tmux 3.8 no longer reports the process of a dead pane.
            (None, false, Present(pane(0, true, Some(Code(7)))), EndClass::Exited(Code(7))),
            (None, false, Present(pane(0, true, None)), EndClass::Undecided(Fallback::ExitedUnknown)),
            // A descendant keeps the terminal open, so the pane is not dead, but tmux has waited for the process.
            (None, false, Present(pane(77, false, Some(Code(0)))), EndClass::Exited(Code(0))),
            (Some(Code(7)), false, Present(pane(77, false, None)), EndClass::Exited(Code(7))),
            (None, false, Present(pane(77, false, None)), EndClass::Undecided(Fallback::Lost)),
            (None, false, Present(pane(77, true, None)), EndClass::Undecided(Fallback::ExitedUnknown)),
            (None, false, Unknown, EndClass::Undecided(Fallback::Lost)),
            (Some(Signal(9)), false, Unknown, EndClass::Exited(Signal(9))),
            (Some(Signal(1)), false, Present(pane(78, false, None)), EndClass::Respawned(pane(78, false, None))),
            (None, false, Present(pane(78, true, Some(Code(3)))), EndClass::Exited(Code(3))),
            (Some(Code(0)), false, Gone, EndClass::Lost),
            (Some(Signal(1)), false, Gone, EndClass::Lost),
            (None, false, Gone, EndClass::Lost),
            (Some(Signal(1)), true, Unknown, EndClass::Lost),
        ];
        for (kernel, server_ended, pane, expected) in table {
            let evidence = Evidence { pid: 77.try_into().unwrap(), reused: false, kernel, server_ended, pane };
            assert_eq!(classify(&evidence), expected, "{evidence:?}");
        }
    }

    #[test]
    fn a_reused_pid_means_a_respawn_only_if_the_pane_runs() {
        let table = [
            (Present(pane(77, false, None)), EndClass::Respawned(pane(77, false, None))),
            (Present(pane(77, true, Some(Code(7)))), EndClass::Exited(Code(7))),
            (Present(pane(77, true, None)), EndClass::Undecided(Fallback::ExitedUnknown)),
            (Gone, EndClass::Lost),
        ];
        for (pane, expected) in table {
            let evidence =
                Evidence { pid: 77.try_into().unwrap(), reused: true, kernel: None, server_ended: false, pane };
            assert_eq!(classify(&evidence), expected, "{evidence:?}");
        }
    }

    #[test]
    fn an_unreliable_verdict_is_not_preliminary() {
        assert_eq!(preliminary_verdict(Some(Signal(9)), false), Some(Signal(9)));
        assert_eq!(preliminary_verdict(Some(Code(0)), false), Some(Code(0)));
        assert_eq!(preliminary_verdict(Some(Signal(1)), false), None);
        assert_eq!(preliminary_verdict(Some(Code(0)), true), None);
        assert_eq!(preliminary_verdict(None, false), None);
    }
}
