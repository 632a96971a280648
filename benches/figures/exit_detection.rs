//! The time from an agent's death to a heartbeat with `status=exited`.
//!
//! The bash launcher never writes that: its file stays unchanged, and readers consider it stale three intervals after
//! the last heartbeat. So the time until then is measured, with an interval of one second, and scaled to the default of
//! fifteen seconds.

use crate::arguments::Effort;
use crate::fixture::{Contestant, Fixture};
use crate::row::{Bound, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use mosaic_harness::{Deadline, ProcessWatch};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The default heartbeat interval in seconds.
const INTERVAL: u32 = 15;
/// The number of intervals after which a heartbeat is stale.
const STALE_AFTER: u32 = 3;

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let fixture = Fixture::new()?;
    let bash = unnoticed(&fixture, effort.pick(20, 40))?;
    let mut rust = Samples::default();
    for kill in 0..effort.pick(20, 100) {
        rust.add(noticed(&fixture, &format!("rust{kill}"))?.as_secs_f64() * 1e3);
    }
    let row = Row {
        figure: "agent death to status=exited".to_owned(),
        unit: UnitOfMeasure::Milliseconds,
        bash: bash.into(),
        rust: rust.into(),
        bound: Bound::P99Below(50.0),
        how: format!(
            "SIGKILL of the pane process, interval {INTERVAL} s, until status=exited is on disk (inotify); bash never \
             writes that: until its last heartbeat is {STALE_AFTER} intervals old, measured with an interval of 1 s, \
             the part that depends on the interval multiplied by {INTERVAL}"
        ),
    };
    Message::Row(Box::new(row)).send();
    Ok(())
}

fn noticed(fixture: &Fixture, agent: &str) -> Result<Duration, String> {
    fixture.start(Contestant::Rust, agent, &INTERVAL.to_string())?;
    let pane = fixture.pane_process(agent)?;
    let (mut beats, deadline) = (fixture.watch_heartbeats(), Deadline::default());
    let killed = kill(&pane);
    loop {
        let (_, now) = beats.wait(agent, 1, deadline)?;
        if fixture.heartbeat_value(agent, "status")? == "exited" {
            let took = now - killed;
            fixture.stop(Contestant::Rust, agent);
            return Ok(took);
        }
    }
}

/// Runs all agents at the same time, since each takes seconds, and kills them one after the other, at different phases
/// of the heartbeat interval.
fn unnoticed(fixture: &Fixture, agents: usize) -> Result<Samples, String> {
    let interval = Duration::from_secs(1);
    let agents: Vec<String> = (0..agents).map(|number| format!("bash{number}")).collect();
    let mut last: BTreeMap<String, Instant> = BTreeMap::new();
    let mut beats = fixture.watch_heartbeats();
    for agent in &agents {
        fixture.start(Contestant::Bash, agent, "1")?;
    }
    let mut collect = |last: &mut BTreeMap<String, Instant>, deadline: Deadline| {
        while !deadline.passed() {
            let seen = beats.next(deadline.remaining());
            let now = Instant::now();
            last.extend(seen.into_iter().map(|agent| (agent, now)));
        }
    };
    collect(&mut last, Deadline::after(interval * 2));
    let mut killed = Vec::new();
    let apart = interval / u32::try_from(agents.len()).unwrap_or(1);
    // In reverse order, so that the time from start to kill, and thus the phase, differs for each.
    for agent in agents.iter().rev() {
        killed.push((agent, kill(&fixture.pane_process(agent)?)));
        collect(&mut last, Deadline::after(apart));
    }
    collect(&mut last, Deadline::after(interval * (STALE_AFTER + 1)));
    let until_stale = |(agent, killed): (&String, Instant)| {
        let last = *last.get(agent).ok_or_else(|| format!("{agent} has no heartbeat"))?;
        fixture.stop(Contestant::Bash, agent);
        let after_last = f64::from(INTERVAL * STALE_AFTER);
        // The time from the last heartbeat to the kill scales with the interval. Later heartbeats do not: they are for
        // a zombie that tmux has not reaped yet and that the shell considers alive.
        let before = killed.saturating_duration_since(last).as_secs_f64() * f64::from(INTERVAL);
        let after = last.saturating_duration_since(killed).as_secs_f64();
        Ok((after_last - before + after) * 1e3)
    };
    killed.into_iter().map(until_stale).collect::<Result<Vec<_>, String>>().map(Samples::from_iter)
}

fn kill(pane: &ProcessWatch) -> Instant {
    let now = Instant::now();
    pane.signal(Signal::KILL.as_raw());
    now
}
