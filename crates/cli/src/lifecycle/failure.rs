//! Why a job of the manager's did not do it, and where to look: pure.

use mosaic_domain::{AgentName, ExitVerdict};
use mosaic_systemd::{ActiveState, JobOutcome, UnitDetail};

use super::{Order, Subject};

/// Why the order is not carried out; `None` if it is. `detail` is the unit afterwards, if it could be
/// looked at.
pub(super) fn failure(
    order: Order,
    subject: &Subject,
    outcome: &JobOutcome,
    detail: Option<&UnitDetail>,
) -> Option<String> {
    let see = match subject {
        Subject::Agent(agent) => in_journal(agent),
        Subject::Holder => "see: journalctl --user -u mosaic-tmux-holder".to_owned(),
    };
    let how = || detail.map_or_else(|| outcome.to_string(), how_it_ended);
    Some(match outcome {
        JobOutcome::Done => return done_in_vain(order, detail?).map(|why| format!("{why}; {see}")),
        JobOutcome::NoSuchUnit(_) => "its unit is not installed: run mosaic fleet install".to_owned(),
        JobOutcome::Dependency => {
            "the tmux server's holder did not start; see: journalctl --user -u mosaic-tmux-holder".to_owned()
        }
        JobOutcome::TimedOutWaiting => {
            let state = detail.map(|detail| format!(" ({}, {})", detail.active, detail.sub)).unwrap_or_default();
            format!("still under way{state}; {see}")
        }
        JobOutcome::Failed => format!("{}; {see}", how()),
        JobOutcome::Timeout => format!("{outcome} ({}); {see}", how()),
        JobOutcome::Canceled | JobOutcome::Skipped | JobOutcome::Invalid(_) => format!("{outcome}; {see}"),
    })
}

/// A job that was done, and is no more.
fn done_in_vain(order: Order, detail: &UnitDetail) -> Option<String> {
    match (order, detail.active) {
        (Order::Stop, _) | (_, ActiveState::Active | ActiveState::Reloading | ActiveState::Refreshing) => None,
        (Order::Start | Order::Restart, _) => Some(format!("its command ended at once ({})", how_it_ended(detail))),
    }
}

fn how_it_ended(detail: &UnitDetail) -> String {
    let status = match detail.exec_main_status {
        Some(ExitVerdict::Code(code)) => format!(", exit status {code}"),
        Some(ExitVerdict::Signal(signal)) => format!(", signal {signal}"),
        None => String::new(),
    };
    format!("result {}{status}", detail.result)
}

fn in_journal(agent: &AgentName) -> String {
    format!("see: journalctl --user AGENT={agent}")
}

#[cfg(test)]
mod tests {
    use super::failure;
    use crate::lifecycle::{Order, Subject};
    use mosaic_domain::ExitVerdict::{Code, Signal};
    use mosaic_systemd::{ActiveState, JobOutcome, UnitDetail};

    fn detail(active: ActiveState, sub: &str, result: &str, status: Option<mosaic_domain::ExitVerdict>) -> UnitDetail {
        UnitDetail {
            active,
            sub: sub.to_owned(),
            result: result.to_owned(),
            exec_main_status: status,
            n_restarts: 0,
            since: None,
            main_pid: None,
            control_group: None,
        }
    }

    #[test]
    fn the_table_of_failures() {
        let coder0 = Subject::Agent("coder0".parse().unwrap());
        let failed = detail(ActiveState::Activating, "auto-restart", "exit-code", Some(Code(7)));
        let killed = detail(ActiveState::Failed, "failed", "signal", Some(Signal(9)));
        let ended = detail(ActiveState::Inactive, "dead", "success", Some(Code(0)));
        let runs = detail(ActiveState::Active, "running", "success", None);
        let slow = detail(ActiveState::Activating, "start", "success", None);
        let limit = detail(ActiveState::Failed, "failed", "start-limit-hit", None);
        let journal = "see: journalctl --user AGENT=coder0";
        let table = [
            (Order::Start, JobOutcome::Done, Some(&runs), None),
            (Order::Start, JobOutcome::Done, None, None),
            (Order::Stop, JobOutcome::Done, Some(&ended), None),
            (
                Order::Start,
                JobOutcome::Done,
                Some(&ended),
                Some(format!("its command ended at once (result success, exit status 0); {journal}")),
            ),
            (
                Order::Start,
                JobOutcome::Failed,
                Some(&failed),
                Some(format!("result exit-code, exit status 7; {journal}")),
            ),
            (Order::Restart, JobOutcome::Failed, Some(&killed), Some(format!("result signal, signal 9; {journal}"))),
            (Order::Start, JobOutcome::Failed, Some(&limit), Some(format!("result start-limit-hit; {journal}"))),
            (
                Order::Start,
                JobOutcome::TimedOutWaiting,
                Some(&slow),
                Some(format!("still under way (activating, start); {journal}")),
            ),
            (
                Order::Start,
                JobOutcome::NoSuchUnit("Unit not found.".to_owned()),
                None,
                Some("its unit is not installed: run mosaic fleet install".to_owned()),
            ),
            (
                Order::Start,
                JobOutcome::Invalid("Unit is masked.".to_owned()),
                None,
                Some(format!("Unit is masked.; {journal}")),
            ),
        ];
        for (order, outcome, detail, expected) in table {
            assert_eq!(failure(order, &coder0, &outcome, detail), expected, "{order:?} {outcome:?}");
        }
        let dependency = failure(Order::Start, &coder0, &JobOutcome::Dependency, None).unwrap();
        assert!(dependency.contains("mosaic-tmux-holder"), "{dependency}");
    }
}
