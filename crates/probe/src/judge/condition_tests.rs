use super::{judge_condition, stop_fact};
use crate::judge::{AgentFacts, Binding, HeartbeatFact, PaneFact, ProcessFact, StopFact};
use crate::snapshot::Condition;
use jiff::Timestamp;
use mosaic_heartbeat::{Freshness, Heartbeat, StopRecord, UnknownAge};
use mosaic_roster::RestartPolicy;
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
    use Condition::{Dead, Missing, Stale, Starting, Stopped, Unknown, Up};
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
        (PaneFact::Missing, ProcessFact::Ended, good.clone(), Some(&active), Missing, ""),
        // What is asked of tmux decides nothing against a fresh heartbeat and a living process.
        (PaneFact::NoServer, ProcessFact::Alive, good.clone(), Some(&active), Up, "no tmux server answers"),
        (PaneFact::NoServer, ProcessFact::Alive, good.clone(), None, Up, "no tmux server answers"),
        (PaneFact::NoServer, ProcessFact::Alive, beat(&ok, LATE, Binding::Same), Some(&active), Stale, "60 s old"),
        (PaneFact::Missing, ProcessFact::Alive, good.clone(), Some(&active), Up, "no session of its name"),
        (PaneFact::NoServer, unreadable.clone(), good.clone(), Some(&active), Unknown, "/proc"),
        (PaneFact::NoServer, ProcessFact::Ended, good.clone(), Some(&active), Missing, "tmux server"),
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
        (PaneFact::Missing, ProcessFact::NotNamed, beat(&stopped, LATE, Binding::Same), None, Stopped, "not recorded"),
        // A boot ends every agent, and a unit that is active or has failed was not stopped.
        (PaneFact::Missing, ProcessFact::NotNamed, beat(&stopped, LATE, Binding::OtherBoot), None, Missing, "stopped"),
        (
            PaneFact::Missing,
            ProcessFact::NotNamed,
            beat(&stopped, LATE, Binding::Same),
            Some(&active),
            Missing,
            "stopped",
        ),
        (
            PaneFact::Missing,
            ProcessFact::NotNamed,
            beat(&stopped, LATE, Binding::Same),
            Some(&failed),
            Missing,
            "stopped",
        ),
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
        let stop = stop_fact(Ok(None), &heartbeat, unit, None);
        let facts = AgentFacts { pane, process, observed: None, heartbeat, unit, write_fault: None, stop };
        let (found, why) = judge_condition(&facts, RestartPolicy::OnFailure);
        assert_eq!(found, expected, "row {row}: {why:?}");
        assert!(why.as_deref().unwrap_or_default().contains(reason), "row {row}: {why:?}");
        assert_eq!(why.is_none(), reason.is_empty(), "row {row}: {why:?}");
    }
}

#[test]
fn a_fault_of_the_run_directory_explains_a_late_heartbeat() {
    let (there, ok) = (pane(false), heartbeat("ok"));
    for (heartbeat, expected) in [
        (HeartbeatFact::Missing, Condition::Unknown),
        (HeartbeatFact::Read { heartbeat: &ok, freshness: LATE, binding: Binding::Same }, Condition::Stale),
        (HeartbeatFact::Read { heartbeat: &ok, freshness: FRESH, binding: Binding::Same }, Condition::Up),
    ] {
        let (pane, process) = (PaneFact::Exists(&there), ProcessFact::Alive);
        let (write_fault, stop) = (Some("no space"), StopFact::NotRequested);
        let facts = AgentFacts { pane, process, observed: None, heartbeat, unit: None, write_fault, stop };
        let (found, why) = judge_condition(&facts, RestartPolicy::OnFailure);
        assert_eq!(found, expected);
        assert_eq!(why.is_some_and(|why| why.contains("no space")), expected != Condition::Up);
    }
}

/// A stop that was requested makes an agent that is gone `stopped`, unless it was started since.
#[test]
fn a_requested_stop_explains_that_an_agent_is_gone() {
    use Condition::{Missing, Starting, Stopped, Up};
    use RestartPolicy::{Always, No, OnFailure};
    let record = |at: &str| StopRecord { at: at.parse().unwrap(), uptime: None, by: "jarvis".to_owned() };
    // The heartbeats were written at 12:00.
    let (after, before) = (record("2026-11-20T12:00:01Z"), record("2026-11-20T11:00:00Z"));
    let (stopped, exited, ok) = (heartbeat("stopped"), heartbeat("exited"), heartbeat("ok"));
    let beat = |heartbeat| HeartbeatFact::Read { heartbeat, freshness: LATE, binding: Binding::Same };
    let (inactive, failed) = (unit(ActiveState::Inactive), unit(ActiveState::Failed));
    let (active, activating) = (unit(ActiveState::Active), unit(ActiveState::Activating));
    let early: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
    let late: Timestamp = "2026-11-20T13:00:00Z".parse().unwrap();
    let none = HeartbeatFact::Missing;
    let there = pane(false);
    let (gone, exists) = (PaneFact::Missing, PaneFact::Exists(&there));
    let at = "stopped by jarvis at 2026-11-20T12:00:01Z";
    let unknown = "unknown: no disk";
    let table = [
        (gone, Ok(Some(&after)), beat(&stopped), Some((&inactive, early)), OnFailure, Stopped, at),
        (PaneFact::NoServer, Ok(Some(&after)), beat(&stopped), None, No, Stopped, at),
        (gone, Ok(Some(&after)), beat(&stopped), None, Always, Missing, "the roster says 'restart: always'"),
        // An agent that had ended already, and one that was never started.
        (gone, Ok(Some(&after)), beat(&exited), Some((&failed, early)), OnFailure, Stopped, at),
        (gone, Ok(Some(&after)), none.clone(), None, OnFailure, Stopped, at),
        // It was started since: by a heartbeat, by its unit's state, and by a start that failed at once.
        (gone, Ok(Some(&before)), beat(&exited), None, OnFailure, Missing, "exited with code 7"),
        (gone, Ok(Some(&before)), beat(&stopped), None, OnFailure, Stopped, "not recorded"),
        (gone, Ok(Some(&after)), beat(&ok), Some((&active, early)), OnFailure, Missing, ""),
        (gone, Ok(Some(&after)), beat(&stopped), Some((&activating, early)), OnFailure, Starting, "again"),
        (gone, Ok(Some(&after)), none.clone(), Some((&failed, late)), OnFailure, Missing, ""),
        (
            exists,
            Ok(Some(&after)),
            HeartbeatFact::Read { heartbeat: &ok, freshness: FRESH, binding: Binding::Same },
            None,
            OnFailure,
            Up,
            "",
        ),
        (gone, Err("no disk"), none, None, OnFailure, Missing, unknown),
    ];
    for (row, (pane, record, heartbeat, unit, restart, expected, reason)) in table.into_iter().enumerate() {
        let process = if pane == exists { ProcessFact::Alive } else { ProcessFact::NotNamed };
        let stop = stop_fact(record, &heartbeat, unit.map(|(unit, _)| unit), unit.map(|(_, since)| since));
        let unit = unit.map(|(unit, _)| unit);
        let facts = AgentFacts { pane, process, observed: None, heartbeat, unit, write_fault: None, stop };
        let (found, why) = judge_condition(&facts, restart);
        assert_eq!(found, expected, "row {row}: {why:?}");
        assert!(why.as_deref().unwrap_or_default().contains(reason), "row {row}: {why:?}");
    }
}

#[test]
fn an_agent_that_was_stopped_is_stopped_while_tmux_hangs() {
    let record = StopRecord { at: "2026-11-20T12:00:01Z".parse().unwrap(), uptime: None, by: "jarvis".to_owned() };
    let stopped = heartbeat("stopped");
    let heartbeat = HeartbeatFact::Read { heartbeat: &stopped, freshness: LATE, binding: Binding::Same };
    let stop = stop_fact(Ok(Some(&record)), &heartbeat, None, None);
    let pane = PaneFact::Unknown("tmux hangs");
    let facts = AgentFacts {
        pane,
        process: ProcessFact::Ended,
        observed: None,
        heartbeat,
        unit: None,
        write_fault: None,
        stop,
    };
    assert_eq!(judge_condition(&facts, RestartPolicy::OnFailure).0, Condition::Stopped);
}
