//! What the end of a pane process means: pure.

use mosaic_domain::{ExitVerdict, Pid};
use mosaic_tmux::Pane;

/// What was found out about an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The process that was watched.
    pub(super) pid: Pid,
    /// Another process has its PID now.
    pub(super) reused: bool,
    /// How it ended, by the kernel, if it was still a zombie when we looked.
    pub(super) kernel: Option<ExitVerdict>,
    /// The tmux server has ended.
    pub(super) server_ended: bool,
    /// The pane that it was in.
    pub(super) pane: PaneSeen,
}

/// What tmux says of the pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PaneSeen {
    /// It is there.
    There(Pane),
    /// It is gone, with its session.
    Gone,
    /// tmux could not be asked: it hangs, or there is no process to be had for asking.
    Unknown,
}

/// What it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The pane runs another process by now.
    Respawned(Pane),
    /// The agent's process ended.
    Exited(ExitVerdict),
    /// The server went away, or the session was taken from under the agent.
    Lost,
    /// Not to be told yet, and if it never is: this.
    NotYet(Otherwise),
}

/// What an end is taken for if nobody ever tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// It ended, nobody knows how: tmux 3.2 does not tell a signal.
    ExitedSomehow,
    /// Nothing is known.
    Lost,
}

pub(super) fn judge(evidence: &Evidence) -> Meaning {
    if evidence.server_ended {
        return Meaning::Lost;
    }
    match (&evidence.pane, evidence.kernel) {
        // A PID is free for another process only once tmux has waited for the first one: if the pane
        // that runs has the same PID again, it was respawned too.
        (PaneSeen::There(pane), _)
            if (pane.pid != evidence.pid || evidence.reused) && !pane.dead && pane.verdict.is_none() =>
        {
            Meaning::Respawned(pane.clone())
        }
        // tmux is the parent: it knows for sure.
        (PaneSeen::There(Pane { verdict: Some(verdict), .. }), _) => Meaning::Exited(*verdict),
        // A dead pane stays: only somebody who kills the session takes it away, and so hangs up its
        // processes, which then end in this way or that.
        (PaneSeen::Gone, _) => Meaning::Lost,
        (_, Some(verdict)) => Meaning::Exited(verdict),
        (PaneSeen::There(pane), None) if pane.dead => Meaning::NotYet(Otherwise::ExitedSomehow),
        (PaneSeen::There(_) | PaneSeen::Unknown, None) => Meaning::NotYet(Otherwise::Lost),
    }
}

/// What is written at once, before tmux was asked; `None` where that could be wrong: a server that
/// goes, a pane that is respawned and a session that is killed end their processes by SIGHUP.
pub(super) fn first_guess(kernel: Option<ExitVerdict>, server_ended: bool) -> Option<ExitVerdict> {
    const SIGHUP: u8 = 1;
    kernel.filter(|verdict| !server_ended && *verdict != ExitVerdict::Signal(SIGHUP))
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Meaning, Otherwise, PaneSeen, first_guess, judge};
    use PaneSeen::{Gone, There, Unknown};
    use mosaic_domain::ExitVerdict::{Code, Signal};
    use mosaic_tmux::Pane;

    fn pane(pid: u32, dead: bool, verdict: Option<mosaic_domain::ExitVerdict>) -> Pane {
        Pane {
            id: "%4".parse().unwrap(),
            pid: pid.try_into().unwrap(),
            dead,
            verdict,
            server: 12.try_into().unwrap(),
            start_command: String::new(),
        }
    }

    #[test]
    fn the_table_of_ends() {
        let table = [
            // (kernel, server ended, pane) -> meaning; 77 was watched
            (Some(Code(7)), false, There(pane(77, true, Some(Code(7)))), Meaning::Exited(Code(7))),
            (None, false, There(pane(77, true, Some(Signal(9)))), Meaning::Exited(Signal(9))),
            // A descendant holds the terminal open: not dead to tmux, but waited for.
            (None, false, There(pane(77, false, Some(Code(0)))), Meaning::Exited(Code(0))),
            (Some(Code(7)), false, There(pane(77, false, None)), Meaning::Exited(Code(7))),
            (None, false, There(pane(77, false, None)), Meaning::NotYet(Otherwise::Lost)),
            (None, false, There(pane(77, true, None)), Meaning::NotYet(Otherwise::ExitedSomehow)),
            (None, false, Unknown, Meaning::NotYet(Otherwise::Lost)),
            (Some(Signal(9)), false, Unknown, Meaning::Exited(Signal(9))),
            (Some(Signal(1)), false, There(pane(78, false, None)), Meaning::Respawned(pane(78, false, None))),
            (None, false, There(pane(78, true, Some(Code(3)))), Meaning::Exited(Code(3))),
            (Some(Code(0)), false, Gone, Meaning::Lost),
            (Some(Signal(1)), false, Gone, Meaning::Lost),
            (None, false, Gone, Meaning::Lost),
            (Some(Signal(1)), true, Unknown, Meaning::Lost),
        ];
        for (kernel, server_ended, pane, expected) in table {
            let evidence = Evidence { pid: 77.try_into().unwrap(), reused: false, kernel, server_ended, pane };
            assert_eq!(judge(&evidence), expected, "{evidence:?}");
        }
    }

    #[test]
    fn a_pid_that_is_used_again_is_the_agent_only_if_the_pane_runs_it() {
        let table = [
            (There(pane(77, false, None)), Meaning::Respawned(pane(77, false, None))),
            (There(pane(77, true, Some(Code(7)))), Meaning::Exited(Code(7))),
            (There(pane(77, true, None)), Meaning::NotYet(Otherwise::ExitedSomehow)),
            (Gone, Meaning::Lost),
        ];
        for (pane, expected) in table {
            let evidence =
                Evidence { pid: 77.try_into().unwrap(), reused: true, kernel: None, server_ended: false, pane };
            assert_eq!(judge(&evidence), expected, "{evidence:?}");
        }
    }

    #[test]
    fn only_what_cannot_be_wrong_is_written_at_once() {
        assert_eq!(first_guess(Some(Signal(9)), false), Some(Signal(9)));
        assert_eq!(first_guess(Some(Code(0)), false), Some(Code(0)));
        assert_eq!(first_guess(Some(Signal(1)), false), None);
        assert_eq!(first_guess(Some(Code(0)), true), None);
        assert_eq!(first_guess(None, false), None);
    }
}
