//! The reason for a condition, with what the recorded ends and the failed unit add to it.

use jiff::Timestamp;
use mosaic_domain::ExitVerdict;
use mosaic_heartbeat::{EndRecord, EndVerdict};
use mosaic_systemd::UnitFailure;

use crate::ends::end_cause;
use crate::snapshot::{Condition, RestartState, RestartsSnapshot};

/// What the reason is made from.
#[derive(Clone, Debug)]
pub(crate) struct ReasonEvidence<'a> {
    pub(crate) condition: Condition,
    /// The reason that the condition's own sources give.
    pub(crate) reason: Option<String>,
    pub(crate) restarts: Option<&'a RestartsSnapshot>,
    /// The newest recorded end.
    pub(crate) last: Option<&'a EndRecord>,
    /// Why the agent's unit failed, if it did.
    pub(crate) failure: Option<&'a UnitFailure>,
    pub(crate) now: Timestamp,
}

/// Completes the reason for a condition.
pub(crate) fn reason_with_ends(evidence: ReasonEvidence<'_>) -> Option<String> {
    let ReasonEvidence { condition, reason, restarts, last, failure, now } = evidence;
    let is_down = matches!(condition, Condition::Missing | Condition::Dead);
    if let Some(failure) = failure.filter(|_| is_down)
        && let Some(why) = start_failure(failure, last)
    {
        return Some(why);
    }
    let cause = last.map(end_cause);
    let Some(restarts) = restarts else {
        // The sources of the condition name the end, and the record adds the last line of the pane. A missing server is
        // another cause than the end of the agent.
        let names_the_end = reason.as_deref().is_none_or(|reason| reason.starts_with("it "));
        return if is_down && names_the_end { cause.or(reason) } else { reason };
    };
    let restart_words = match (restarts.state, restarts.next_at) {
        (RestartState::Running, _) => format!("{}; the last time {}", restarts.summary, cause.unwrap_or_default()),
        (RestartState::Waiting, Some(next)) => {
            let left = next.as_second().saturating_sub(now.as_second()).max(1);
            format!("{}, restarting in {left} s; {}", restarts.summary, cause.unwrap_or_default())
        }
        (RestartState::Waiting | RestartState::Down, _) => {
            format!("{}; {}", restarts.summary, cause.unwrap_or_default())
        }
        (RestartState::GivenUp, _) => format!("given up: {}; {}", restarts.summary, cause.unwrap_or_default()),
    };
    match reason.filter(|_| condition == Condition::Up || condition == Condition::Unknown) {
        Some(reason) => Some(format!("{reason}; {restart_words}")),
        None => Some(restart_words),
    }
}

/// Why systemd could not start the agent's unit, if that is not an end of the agent.
fn start_failure(failure: &UnitFailure, last: Option<&EndRecord>) -> Option<String> {
    let code = match failure.exec_main_status {
        Some(ExitVerdict::Code(code)) => code,
        Some(ExitVerdict::Signal(_)) | None => return None,
    };
    // The sidecar passes the agent's own exit code on.
    let is_of_the_agent = last.is_some_and(|last| last.verdict == EndVerdict::Exited(ExitVerdict::Code(code)));
    let step = UnitFailure::exec_step(code).filter(|_| !is_of_the_agent)?;
    Some(match step {
        "EXEC" => format!(
            "systemd cannot run the program start-agent-session ({code}/{step}): it is missing, or may not be executed"
        ),
        _ => format!("systemd cannot start its unit: the step {step} failed ({code}/{step})"),
    })
}

#[cfg(test)]
mod tests {
    use super::{ReasonEvidence, reason_with_ends};
    use crate::snapshot::{Condition, RestartState, RestartsSnapshot};
    use mosaic_domain::ExitVerdict::{self, Code};
    use mosaic_heartbeat::{EndRecord, EndVerdict};
    use mosaic_systemd::UnitFailure;
    use std::time::Duration;

    fn ended(code: u8) -> EndRecord {
        EndRecord {
            at: "2026-11-20T12:00:00Z".parse().unwrap(),
            verdict: EndVerdict::Exited(Code(code)),
            lifetime: Duration::from_secs(13),
            generation: 11,
            requested_by: None,
            lines: vec!["no such account".to_owned()],
        }
    }

    fn restarts(state: RestartState, next_at: Option<&str>) -> RestartsSnapshot {
        RestartsSnapshot {
            state,
            starts: 10,
            since: "2026-11-20T11:57:00Z".parse().unwrap(),
            next_at: next_at.map(|next| next.parse().unwrap()),
            summary: "started 10 times in 3 min".to_owned(),
        }
    }

    fn failure(status: ExitVerdict) -> UnitFailure {
        UnitFailure { result: "exit-code".to_owned(), exec_main_status: Some(status) }
    }

    #[test]
    fn the_reason_names_the_restarts_and_the_cause() {
        use Condition::{Missing, Starting, Unknown, Up};
        let end = ended(1);
        let given_up = restarts(RestartState::GivenUp, None);
        let waiting = restarts(RestartState::Waiting, Some("2026-11-20T12:00:30Z"));
        let running = restarts(RestartState::Running, None);
        let own = |text: &str| Some(text.to_owned());
        let cause = "it exited with code 1: no such account";
        let table = [
            (Missing, own("it exited with code 1"), None, Some(cause.to_owned())),
            (Missing, None, None, Some(cause.to_owned())),
            (Missing, own("there is no tmux server"), None, own("there is no tmux server")),
            (Up, None, None, None),
            (Starting, own("it exited; it is being started again"), None, own("it exited; it is being started again")),
            (Missing, own("it exited"), Some(&given_up), Some(format!("given up: started 10 times in 3 min; {cause}"))),
            (
                Starting,
                own("it exited"),
                Some(&waiting),
                Some(format!("started 10 times in 3 min, restarting in 20 s; {cause}")),
            ),
            (Up, None, Some(&running), Some(format!("started 10 times in 3 min; the last time {cause}"))),
            (
                Unknown,
                own("no heartbeat"),
                Some(&running),
                Some(format!("no heartbeat; started 10 times in 3 min; the last time {cause}")),
            ),
        ];
        for (condition, reason, restarts, expected) in table {
            let evidence = ReasonEvidence {
                condition,
                reason: reason.clone(),
                restarts,
                last: Some(&end),
                failure: None,
                now: "2026-11-20T12:00:10Z".parse().unwrap(),
            };
            assert_eq!(reason_with_ends(evidence), expected, "{condition} {reason:?} {restarts:?}");
        }
    }

    #[test]
    fn a_program_that_systemd_cannot_run_is_the_reason() {
        let (exec, own, agents) = (failure(Code(203)), failure(Code(1)), ended(203));
        let table = [
            (&exec, None, Some("systemd cannot run the program start-agent-session (203/EXEC)")),
            (&exec, Some(&agents), Some("it exited with code 203: no such account")),
            (&own, None, None),
        ];
        for (failure, last, expected) in table {
            let evidence = ReasonEvidence {
                condition: Condition::Missing,
                reason: None,
                restarts: None,
                last,
                failure: Some(failure),
                now: "2026-11-20T12:00:10Z".parse().unwrap(),
            };
            let reason = reason_with_ends(evidence);
            assert_eq!(reason.is_some(), expected.is_some(), "{failure:?}");
            assert!(reason.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{failure:?}");
        }
    }
}
