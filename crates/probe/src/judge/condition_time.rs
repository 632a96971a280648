//! When the condition of an agent began, as far as the sources of a single observation tell.

use jiff::{SignedDuration, Timestamp};
use mosaic_heartbeat::LATE_AFTER_INTERVALS;

use crate::snapshot::{AgentSnapshot, Condition};

/// When the agent's condition began; `None` if that is unknown.
pub(crate) fn condition_since(agent: &AgentSnapshot, now: Timestamp) -> Option<Timestamp> {
    let unit_since = || agent.unit.as_ref()?.since;
    let since = match agent.condition {
        Condition::Up => agent.session.as_ref().and_then(|session| session.process_since).or_else(unit_since),
        Condition::Starting => unit_since(),
        Condition::Stale => late_since(agent, now),
        Condition::Dead | Condition::Missing => {
            let recorded = agent.last_end.as_ref().map(|end| end.at);
            // The records outlive a boot, after which a unit may not have been started.
            recorded.max(agent.heartbeat.last_exit_at).or_else(unit_since)
        }
        Condition::Stopped => agent.stopped.as_ref().map(|stop| stop.since),
        Condition::Unknown => None,
    };
    // A clock that was set back must not make a condition begin in the future.
    since.map(|since| since.min(now))
}

/// When the heartbeat became late. Its age is measured by the monotonic clock.
fn late_since(agent: &AgentSnapshot, now: Timestamp) -> Option<Timestamp> {
    let limit = agent.heartbeat.interval_ms?.checked_mul(u64::from(LATE_AFTER_INTERVALS))?;
    let late_for = i64::try_from(agent.heartbeat.age_ms?.checked_sub(limit)?).ok()?;
    now.checked_sub(SignedDuration::from_millis(late_for)).ok()
}

#[cfg(test)]
mod tests {
    use super::condition_since;
    use crate::example::snapshot;
    use crate::snapshot::AgentSnapshot;

    fn since(agent: &AgentSnapshot) -> Option<String> {
        condition_since(agent, "2026-11-20T12:00:00Z".parse().unwrap()).map(|since| since.to_string())
    }

    #[test]
    fn each_condition_has_the_beginning_that_its_sources_tell() {
        let snapshot = snapshot();
        for (agent, expected) in [
            ("lead", Some("2026-11-20T08:00:00Z")),
            ("coder2", Some("2026-11-20T08:00:00.124Z")),
            ("gardener", Some("2026-11-20T11:59:41Z")),
            ("coder1", Some("2026-11-20T11:59:55Z")),
            ("canary0", Some("2026-11-20T11:59:58Z")),
            ("rev0", None),
            ("board0", None),
        ] {
            assert_eq!(since(snapshot.agent(agent).unwrap()).as_deref(), expected, "{agent}");
        }
    }

    #[test]
    fn no_condition_begins_in_the_future() {
        let mut agent = snapshot().agent("canary0").cloned().unwrap();
        agent.stopped.as_mut().unwrap().since = "2026-11-20T13:00:00Z".parse().unwrap();
        assert_eq!(since(&agent).as_deref(), Some("2026-11-20T12:00:00Z"));
    }
}
