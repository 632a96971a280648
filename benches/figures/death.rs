//! From an agent's death to a heartbeat that says so.
//!
//! Bash's never does: its file stays as it is, and a reader calls it stale three intervals after
//! the last beat. So that moment is taken, measured with an interval of one second and stretched
//! to the default of fifteen; the measurement itself is over in seconds.

use crate::bound::Bound;
use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::message::Message;
use crate::row::Row;
use crate::samples::Samples;
use crate::stage::Stage;
use crate::unit_of_measure::UnitOfMeasure;
use mosaic_harness::{Deadline, ProcessWatch};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The default, in seconds.
const INTERVAL: u32 = 15;
/// After so many a heartbeat is stale.
const STALE_AFTER: u32 = 3;

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let stage = Stage::new()?;
    let bash = unnoticed(&stage, effort.pick(20, 40))?;
    let mut rust = Samples::default();
    for kill in 0..effort.pick(20, 100) {
        rust.add(noticed(&stage, &format!("rust{kill}"))?.as_secs_f64() * 1e3);
    }
    let row = Row {
        figure: "death, to a heartbeat that says so".to_owned(),
        unit: UnitOfMeasure::Milliseconds,
        bash: bash.into(),
        rust: rust.into(),
        bound: Bound::P99Below(50.0),
        how: format!(
            "SIGKILL of the pane process, interval {INTERVAL} s, to status=exited on disk (inotify); bash never says \
             so: to the moment when its last beat is {STALE_AFTER} intervals old, measured at an interval of 1 s, \
             of which what depends on the interval is multiplied by {INTERVAL}"
        ),
    };
    Message::Row(Box::new(row)).send();
    Ok(())
}

fn noticed(stage: &Stage, agent: &str) -> Result<Duration, String> {
    stage.start(Contestant::Rust, agent, &INTERVAL.to_string())?;
    let pane = stage.pane_process(agent)?;
    let (mut beats, deadline) = (stage.beats(), Deadline::default());
    let killed = kill(&pane);
    loop {
        let (_, now) = beats.wait(agent, 1, deadline)?;
        if stage.heartbeat_value(agent, "status")? == "exited" {
            let took = now - killed;
            stage.end(Contestant::Rust, agent);
            return Ok(took);
        }
    }
}

/// All at once, as each takes seconds; killed one after the other, so at all phases of a beat.
fn unnoticed(stage: &Stage, agents: usize) -> Result<Samples, String> {
    let interval = Duration::from_secs(1);
    let agents: Vec<String> = (0..agents).map(|number| format!("bash{number}")).collect();
    let mut last: BTreeMap<String, Instant> = BTreeMap::new();
    let mut beats = stage.beats();
    for agent in &agents {
        stage.start(Contestant::Bash, agent, "1")?;
    }
    let mut look = |last: &mut BTreeMap<String, Instant>, deadline: Deadline| {
        while !deadline.passed() {
            let seen = beats.next(deadline.remaining());
            let now = Instant::now();
            last.extend(seen.into_iter().map(|agent| (agent, now)));
        }
    };
    look(&mut last, Deadline::after(interval * 2));
    let mut killed = Vec::new();
    let apart = interval / u32::try_from(agents.len()).unwrap_or(1);
    // In the other order: the time from a start to a kill, and so the phase, is another for each.
    for agent in agents.iter().rev() {
        killed.push((agent, kill(&stage.pane_process(agent)?)));
        look(&mut last, Deadline::after(apart));
    }
    look(&mut last, Deadline::after(interval * (STALE_AFTER + 1)));
    let until_stale = |(agent, killed): (&String, Instant)| {
        let last = *last.get(agent).ok_or_else(|| format!("{agent} has never beaten"))?;
        stage.end(Contestant::Bash, agent);
        let after_last = f64::from(INTERVAL * STALE_AFTER);
        // How long before the kill depends on the interval. Beats after it are those for a zombie,
        // which tmux has not waited for yet and the shell takes for alive: that does not.
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
