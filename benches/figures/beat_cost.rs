//! Context switches and CPU time per heartbeat.
//!
//! A sidecar's own usage is read from `/proc` while it sleeps between two heartbeats, at the start and at the end of a
//! run, with nanosecond precision and without the cost of its start. `/proc` does not have the usage of bash's children
//! with that precision. This process is a subreaper, so it kills the shell at the end and gets the usage of the shell
//! and of the children that it has waited for from the kernel. The children's share is the difference to the shell's
//! own usage, divided by all its heartbeats. A `sleep` that is killed with its shell is not counted, in favor of bash.

use crate::arguments::Effort;
use crate::fixture::{Contestant, Fixture, HeartbeatWatch, is_in_memory};
use crate::process_stats::Usage;
use crate::row::{Bound, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use mosaic_harness::Deadline;
use std::time::Duration;

/// The heartbeat interval in seconds: short runs, with enough time to sleep between heartbeats.
const INTERVAL: &str = "0.1";
/// The time after a heartbeat at which either sidecar sleeps, well before the next heartbeat.
const ASLEEP_AFTER: Duration = Duration::from_millis(40);

#[derive(Debug, Default)]
struct Costs {
    milliseconds: Samples,
    switches: Samples,
}

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let beats = effort.pick(30, 60);
    let how = format!(
        "{beats} heartbeats per run, {INTERVAL} s apart: schedstat and status of the sidecar in /proc, for bash \
         also the resource usage of its children after its exit"
    );
    let row = |figure: &str, unit, [bash, rust]: [Samples; 2], bound, place: &str| {
        let (figure, how) = (figure.to_owned(), format!("{how}; {place}"));
        Message::Row(Box::new(Row { figure, unit, bash: bash.into(), rust: rust.into(), bound, how })).send();
    };
    let (switches, cpu) = ("voluntary context switches per heartbeat", "CPU time per heartbeat");
    let [bash, rust] = both(&Fixture::new()?, effort.pick(2, 7), beats)?;
    let place = "heartbeats in memory, as the installer sets up";
    row(switches, UnitOfMeasure::Count, [bash.switches, rust.switches], Bound::AtMost(1.0), place);
    row(cpu, UnitOfMeasure::Milliseconds, [bash.milliseconds, rust.milliseconds], Bound::Ratio(0.05), place);

    let fixture = Fixture::on_disk();
    if is_in_memory(fixture.fleet().run_directory()) {
        return Ok(());
    }
    let [bash, rust] = both(&fixture, effort.pick(1, 3), beats)?;
    let place = "heartbeats on disk, where every rename makes the file system write";
    row(&format!("{switches}, on disk"), UnitOfMeasure::Count, [bash.switches, rust.switches], Bound::Free, place);
    let milliseconds = [bash.milliseconds, rust.milliseconds];
    row(&format!("{cpu}, on disk"), UnitOfMeasure::Milliseconds, milliseconds, Bound::Free, place);
    Ok(())
}

/// Measures both launchers alternately.
fn both(fixture: &Fixture, runs: usize, beats: usize) -> Result<[Costs; 2], String> {
    let mut costs = [Costs::default(), Costs::default()];
    for run in 0..runs {
        for (contestant, costs) in Contestant::BOTH.into_iter().zip(&mut costs) {
            let usage = beat(fixture, contestant, &format!("{contestant}{run}"), beats)?;
            costs.milliseconds.add(usage.milliseconds);
            costs.switches.add(usage.switches);
        }
    }
    Ok(costs)
}

/// Returns the mean usage per heartbeat of a run.
fn beat(fixture: &Fixture, contestant: Contestant, agent: &str, wanted: usize) -> Result<Usage, String> {
    let mut beats = fixture.watch_heartbeats();
    fixture.start(contestant, agent, INTERVAL)?;
    let sidecar = fixture.sidecar(contestant, agent)?;
    // By the third heartbeat the launcher has exited and no longer affects the sidecar.
    let (first, _) = beats.wait(agent, 3, Deadline::default())?;
    let first = first + asleep(&mut beats, agent);
    let before = Usage::read(sidecar)?;
    let (counted, _) = beats.wait(agent, wanted, Deadline::default())?;
    let counted = counted + asleep(&mut beats, agent);
    let after = Usage::read(sidecar)?;
    let own = (after - before).per(counted);
    let children = match contestant {
        Contestant::Bash => (Usage::kill_and_account(sidecar)? - after).per(first + counted),
        // The product's sidecar has no children, which the figure `calls` verifies.
        Contestant::Rust => Usage::default(),
    };
    fixture.stop(contestant, agent);
    Ok(own + children)
}

/// Waits until the sidecar sleeps, and returns the number of heartbeats meanwhile.
fn asleep(beats: &mut HeartbeatWatch, agent: &str) -> usize {
    std::thread::sleep(ASLEEP_AFTER);
    beats.take_pending().iter().filter(|name| *name == agent).count()
}
