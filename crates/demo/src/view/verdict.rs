//! From evidence to a condition: pure.

use mosaic_domain::HeartbeatInterval;
use mosaic_heartbeat::{Freshness, Heartbeat, Status};
use mosaic_process::Liveness;

use super::Condition;
use super::evidence::{Evidence, Session};

/// The verdict on an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) condition: Condition,
    /// Why, where the word does not say it all.
    pub(crate) reason: Option<String>,
}

impl Verdict {
    /// Judges; what could not be looked at is unknown, and never healthy and never dead.
    pub(crate) fn judge(evidence: &Evidence) -> Self {
        match &evidence.heartbeat {
            Err(why) => Self::new(Condition::Unknown, format!("heartbeat: {why}")),
            Ok(None) => Self::without_heartbeat(evidence),
            Ok(Some(heartbeat)) => Self::by_heartbeat(heartbeat, evidence),
        }
    }

    fn new(condition: Condition, reason: impl Into<String>) -> Self {
        Self { condition, reason: Some(reason.into()) }
    }

    fn plain(condition: Condition) -> Self {
        Self { condition, reason: None }
    }

    fn without_heartbeat(evidence: &Evidence) -> Self {
        match &evidence.session {
            _ if evidence.starting => Self::plain(Condition::Starting),
            Session::Absent => Self::plain(Condition::Missing),
            Session::Unreadable(why) => Self::new(Condition::Unknown, why.clone()),
            Session::Present | Session::NotAsked => Self::new(Condition::Unknown, "no heartbeat"),
        }
    }

    fn by_heartbeat(heartbeat: &Heartbeat, evidence: &Evidence) -> Self {
        if evidence.starting && heartbeat.status != Status::Ok {
            return Self::plain(Condition::Starting);
        }
        match heartbeat.status {
            Status::Ok => Self::by_process(heartbeat, evidence),
            Status::Exited => {
                let exit = heartbeat.binding.as_ref().and_then(|binding| binding.exit);
                let how = exit.map_or_else(String::new, |exit| format!(" {exit}"));
                Self::new(Condition::Dead, format!("heartbeat: exited{how}"))
            }
            Status::Stopped => Self::new(Condition::Missing, "heartbeat: stopped"),
            Status::Lost => Self::new(Condition::Missing, "heartbeat: lost"),
        }
    }

    fn by_process(heartbeat: &Heartbeat, evidence: &Evidence) -> Self {
        match &evidence.liveness {
            None => Self::new(Condition::Unknown, "the heartbeat is bound to no process"),
            Some(Err(why)) => Self::new(Condition::Unknown, format!("process: {why}")),
            Some(Ok(Liveness::Alive)) => match Freshness::judge(heartbeat, &evidence.now, HeartbeatInterval::DEFAULT) {
                Freshness::Fresh { .. } => Self::plain(Condition::Up),
                Freshness::Late { .. } => Self::new(Condition::Stale, "the heartbeat is late"),
                Freshness::Unknown(why) => Self::new(Condition::Unknown, format!("heartbeat: {why}")),
            },
            Some(Ok(_)) => Self::new(Condition::Dead, format!("process {} is gone", heartbeat.pid)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Condition, Evidence, Session, Verdict};
    use mosaic_heartbeat::Now;
    use mosaic_process::Liveness;
    use std::time::Duration;

    const BOOT: &str = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe";

    fn file(status: &str, exit: &str) -> String {
        format!(
            "ts=2026-11-20T14:58:08+00:00\npid=18960\nstatus={status}\nv=2\nagent=worker\nboot={BOOT}\nstart=67697\n\
             mono=100.000\ninterval=1\nseq=42\nsidecar=18964\ngen=3\n{exit}"
        )
    }

    fn evidence(file: Option<&str>, liveness: Option<Liveness>, age: u64) -> Evidence {
        Evidence {
            heartbeat: file
                .map(str::parse)
                .transpose()
                .map_err(|error: mosaic_heartbeat::MalformedHeartbeat| error.to_string()),
            liveness: liveness.map(Ok),
            session: Session::NotAsked,
            starting: false,
            now: Now {
                wall: "2026-11-20T14:58:10+00:00".parse().unwrap(),
                monotonic: Duration::from_secs(100 + age),
                boot: BOOT.parse().unwrap(),
            },
        }
    }

    #[test]
    fn the_table_of_verdicts() {
        let ok = file("ok", "");
        let killed = file("exited", "exit=signal:9\n");
        let (stopped, lost) = (file("stopped", ""), file("lost", ""));
        let old = "ts=2026-11-20T14:58:08+0000\npid=18960\nstatus=ok\n";
        let alive = Some(Liveness::Alive);
        let table = [
            (evidence(Some(&ok), alive, 1), "up", None),
            (evidence(Some(&ok), alive, 3), "up", None),
            (evidence(Some(&ok), alive, 4), "stale", Some("the heartbeat is late")),
            (evidence(Some(&ok), Some(Liveness::Zombie), 1), "dead", Some("process 18960 is gone")),
            (evidence(Some(&ok), Some(Liveness::Gone), 1), "dead", Some("process 18960 is gone")),
            (evidence(Some(&ok), Some(Liveness::Recycled), 1), "dead", Some("process 18960 is gone")),
            (evidence(Some(&ok), Some(Liveness::OtherBoot), 9), "dead", Some("process 18960 is gone")),
            // A heartbeat that says how it ended is believed before the kernel is done with it.
            (evidence(Some(&killed), alive, 0), "dead", Some("heartbeat: exited signal:9")),
            (evidence(Some(&killed), Some(Liveness::Gone), 0), "dead", Some("heartbeat: exited signal:9")),
            (evidence(Some(&stopped), Some(Liveness::Gone), 0), "missing", Some("heartbeat: stopped")),
            (evidence(Some(&lost), Some(Liveness::Gone), 0), "missing", Some("heartbeat: lost")),
            (evidence(Some(old), None, 0), "unknown", Some("the heartbeat is bound to no process")),
            (evidence(Some("ts=x\n"), None, 0), "unknown", Some("heartbeat: its line 'ts=' has the invalid value 'x'")),
            (evidence(None, None, 0), "unknown", Some("no heartbeat")),
            (Evidence { session: Session::Absent, ..evidence(None, None, 0) }, "missing", None),
            (Evidence { session: Session::Present, ..evidence(None, None, 0) }, "unknown", Some("no heartbeat")),
            (
                Evidence { session: Session::Unreadable("tmux hangs".into()), ..evidence(None, None, 0) },
                "unknown",
                Some("tmux hangs"),
            ),
            (Evidence { starting: true, ..evidence(None, None, 0) }, "starting", None),
            (Evidence { starting: true, ..evidence(Some(&killed), Some(Liveness::Gone), 0) }, "starting", None),
            (Evidence { starting: true, ..evidence(Some(&ok), alive, 1) }, "up", None),
            (
                Evidence { liveness: Some(Err("EACCES".into())), ..evidence(Some(&ok), None, 1) },
                "unknown",
                Some("process: EACCES"),
            ),
        ];
        for (evidence, word, reason) in table {
            let verdict = Verdict::judge(&evidence);
            assert_eq!((verdict.condition.word(), verdict.reason.as_deref()), (word, reason), "{evidence:?}");
        }
        assert_eq!(Verdict::judge(&evidence(None, None, 0)).condition, Condition::Unknown);
    }
}
