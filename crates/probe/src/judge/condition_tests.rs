use super::judge_condition;
use crate::judge::{AgentFacts, Binding, HeartbeatFact, PaneFact, ProcessFact};
use crate::snapshot::Condition;
use mosaic_heartbeat::{Freshness, Heartbeat, UnknownAge};
use mosaic_systemd::{ActiveState, LoadState, Unit};
use mosaic_tmux::SessionPane;
use std::time::Duration;

fn pane(dead: bool) -> SessionPane {
    SessionPane {
        session: "a".to_owned(),
        id: "%4".parse().unwrap(),
        pid: mosaic_domain::Pid::new(77),
        dead,
        verdict: dead.then_some(mosaic_domain::ExitVerdict::Signal(9)),
        last_output: 0,
    }
}

fn heartbeat(status: &str) -> Heartbeat {
    let exit = if status == "exited" { "exit=code:7\n" } else { "" };
    format!(
        "ts=2026-11-20T12:00:00+00:00\npid=77\nstatus={status}\nv=2\nagent=a\nboot=0700cf0c-8b1c-49c8-862a-3c44fb7bacfe\n\
         start=5\nmono=1.000\ninterval=15\nseq=1\nsidecar=78\ngen=1\n{exit}"
    )
    .parse()
    .unwrap()
}

fn unit(active: ActiveState) -> Unit {
    let name = mosaic_systemd::UnitName::agent(&"a".parse().unwrap());
    Unit { name, load: LoadState::Loaded, active, sub: String::new() }
}

const FRESH: Freshness = Freshness::Fresh { age: Duration::from_secs(1) };
const LATE: Freshness = Freshness::Late { age: Duration::from_mins(1) };

#[test]
fn each_source_decides_its_part_of_the_condition() {
    use Condition::{Dead, Missing, Stale, Starting, Unknown, Up};
    let (there, dead) = (pane(false), pane(true));
    let (ok, exited, stopped, lost) = (heartbeat("ok"), heartbeat("exited"), heartbeat("stopped"), heartbeat("lost"));
    let (active, activating, failed) =
        (unit(ActiveState::Active), unit(ActiveState::Activating), unit(ActiveState::Failed));
    let beat = |heartbeat, freshness, binding| HeartbeatFact::Read { heartbeat, freshness, binding };
    let good = beat(&ok, FRESH, Binding::Same);
    let hung = PaneFact::Unknown("tmux hangs");
    let unreadable = ProcessFact::Unreadable("no /proc".to_owned());
    let future = Freshness::Unknown(UnknownAge::WallClockAhead);
    let table = [
        // Running agents.
        (PaneFact::Exists(&there), ProcessFact::Alive, good.clone(), Some(&active), Up, ""),
        (PaneFact::Exists(&there), ProcessFact::Alive, good.clone(), None, Up, ""),
        (PaneFact::Exists(&there), ProcessFact::Alive, good.clone(), Some(&activating), Starting, ""),
        (PaneFact::Exists(&there), ProcessFact::Alive, HeartbeatFact::Missing, Some(&activating), Starting, ""),
        // Neither an active nor a failed unit proves anything.
        (PaneFact::Missing, ProcessFact::NotNamed, good.clone(), Some(&active), Missing, ""),
        (PaneFact::Exists(&there), ProcessFact::Alive, good.clone(), Some(&failed), Up, ""),
        // The sidecar.
        (PaneFact::Exists(&there), ProcessFact::Alive, beat(&ok, LATE, Binding::Same), None, Stale, "60 s old"),
        (PaneFact::Exists(&there), ProcessFact::Alive, beat(&lost, FRESH, Binding::Same), None, Stale, "'lost'"),
        (PaneFact::Exists(&there), ProcessFact::Alive, HeartbeatFact::Missing, None, Unknown, "no heartbeat"),
        (
            PaneFact::Exists(&there),
            ProcessFact::Alive,
            HeartbeatFact::Unreadable("cut short"),
            None,
            Unknown,
            "cut short",
        ),
        (PaneFact::Exists(&there), ProcessFact::Alive, beat(&ok, future, Binding::Same), None, Unknown, "future"),
        (PaneFact::Exists(&there), ProcessFact::Alive, beat(&ok, FRESH, Binding::Other), None, Unknown, "process 77"),
        (PaneFact::Exists(&there), ProcessFact::Alive, beat(&ok, LATE, Binding::OtherBoot), None, Unknown, "last boot"),
        // The process.
        (PaneFact::Exists(&dead), ProcessFact::Ended, good.clone(), Some(&active), Dead, "was killed by signal 9"),
        (PaneFact::Exists(&there), ProcessFact::Ended, good.clone(), Some(&active), Dead, "gone"),
        (
            PaneFact::Exists(&there),
            ProcessFact::Ended,
            beat(&exited, FRESH, Binding::Same),
            None,
            Dead,
            "exited with code 7",
        ),
        (PaneFact::Exists(&there), unreadable.clone(), good.clone(), Some(&active), Unknown, "/proc"),
        // The session.
        (
            PaneFact::Missing,
            ProcessFact::NotNamed,
            beat(&exited, LATE, Binding::Same),
            Some(&failed),
            Missing,
            "exited with code 7",
        ),
        (PaneFact::Missing, ProcessFact::NotNamed, beat(&stopped, LATE, Binding::Same), None, Missing, "stopped"),
        (PaneFact::Missing, ProcessFact::NotNamed, HeartbeatFact::Missing, Some(&activating), Starting, ""),
        (
            PaneFact::Missing,
            ProcessFact::NotNamed,
            beat(&exited, FRESH, Binding::Same),
            Some(&activating),
            Starting,
            "again",
        ),
        (PaneFact::NoServer, ProcessFact::NotNamed, good.clone(), Some(&active), Missing, "tmux server"),
        // tmux does not answer: it decides only if no other source does.
        (hung, ProcessFact::Alive, good.clone(), Some(&active), Up, "tmux hangs"),
        (hung, ProcessFact::Alive, beat(&ok, LATE, Binding::Same), None, Stale, "60 s old"),
        (hung, ProcessFact::Ended, good.clone(), None, Dead, "gone"),
        (hung, ProcessFact::Ended, beat(&ok, LATE, Binding::OtherBoot), None, Unknown, "tmux hangs"),
        (hung, ProcessFact::NotNamed, HeartbeatFact::Missing, Some(&active), Unknown, "tmux hangs"),
        (hung, unreadable, good, None, Unknown, "tmux hangs"),
    ];
    for (row, (pane, process, heartbeat, unit, expected, reason)) in table.into_iter().enumerate() {
        let (found, why) = judge_condition(&AgentFacts { pane, process, observed: None, heartbeat, unit });
        assert_eq!(found, expected, "row {row}: {why:?}");
        assert!(why.as_deref().unwrap_or_default().contains(reason), "row {row}: {why:?}");
        assert_eq!(why.is_none(), reason.is_empty(), "row {row}: {why:?}");
    }
}
