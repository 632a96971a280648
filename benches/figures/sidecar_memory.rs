//! The memory of a sidecar while twenty of each launcher's run.

use crate::arguments::Effort;
use crate::fixture::{Contestant, Fixture};
use crate::process_stats::Smaps;
use crate::row::{Bound, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use mosaic_harness::Deadline;

/// The number of sidecars of each launcher.
const RUNNING: usize = 20;

/// A row's name, its value in `smaps_rollup` and its bound.
type Column = (&'static str, fn(&Smaps) -> f64, Bound);

const COLUMNS: [Column; 3] = [
    ("sidecar RSS", |smaps| smaps.resident, Bound::Free),
    ("sidecar PSS", |smaps| smaps.proportional, Bound::EachAtMost(90.0)),
    ("sidecar private dirty", |smaps| smaps.private_dirty, Bound::EachAtMost(60.0)),
];

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let fixture = Fixture::new()?;
    let beats_each = effort.pick(3, 10);
    let mut sidecars = [Vec::new(), Vec::new()];
    let mut agents = Vec::new();
    for number in 0..RUNNING {
        for (contestant, sidecars) in Contestant::BOTH.into_iter().zip(&mut sidecars) {
            let agent = format!("{contestant}{number}");
            fixture.start(contestant, &agent, "1")?;
            sidecars.push(fixture.sidecar(contestant, &agent)?);
            agents.push((agent, 0));
        }
    }
    let (mut beats, deadline) = (fixture.watch_heartbeats(), Deadline::default());
    while agents.iter().any(|(_, beats)| *beats < beats_each) {
        for name in beats.next(deadline.remaining()) {
            agents.iter_mut().filter(|(agent, _)| *agent == name).for_each(|(_, beats)| *beats += 1);
        }
        if deadline.passed() {
            return Err(format!("some agents have fewer than {beats_each} heartbeats: {agents:?}"));
        }
    }
    let [bash, rust] = sidecars;
    let all = |pids: &[u32], of: fn(u32) -> Result<Smaps, String>| -> Result<Vec<Smaps>, String> {
        pids.iter().copied().map(of).collect()
    };
    let (shells, bash, rust) =
        (all(&bash, Smaps::read)?, all(&bash, Smaps::with_children)?, all(&rust, Smaps::with_children)?);
    let samples = |all: &[Smaps], column: fn(&Smaps) -> f64| all.iter().map(column).collect::<Samples>();
    let alone = COLUMNS.map(|(_, column, _)| samples(&shells, column).spread().map_or(0.0, |spread| spread.median));
    let how = format!(
        "smaps_rollup of {RUNNING} sidecars of each, running at the same time, after {beats_each} heartbeats; for \
         bash the shell and its `sleep`; the shell alone has {} kB",
        alone.map(|kilobytes| format!("{kilobytes:.0}")).join(" | ")
    );
    for (figure, column, bound) in COLUMNS {
        let row = Row {
            figure: figure.to_owned(),
            unit: UnitOfMeasure::Kilobytes,
            bash: samples(&bash, column).into(),
            rust: samples(&rust, column).into(),
            bound,
            how: how.clone(),
        };
        Message::Row(Box::new(row)).send();
    }
    Ok(())
}
