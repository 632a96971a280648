//! Context switches and processor time a beat.
//!
//! A sidecar's own account is read from `/proc` while it sleeps between two beats, at the start and
//! at the end of a run: to the nanosecond, and without what its own start has cost. What bash's
//! children have cost is nowhere in `/proc` that precisely; but this process is a subreaper, so at
//! the end it kills the shell, waits for it, and is told by the kernel what the shell has cost with
//! all the children it has waited for. The children's part is that, less the shell's own account,
//! over all the beats of its life. A `sleep` that is killed with its shell is given to bash.

use crate::beats::Beats;
use crate::bound::Bound;
use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::memory_directory::is_in_memory;
use crate::message::Message;
use crate::row::Row;
use crate::samples::Samples;
use crate::stage::Stage;
use crate::unit_of_measure::UnitOfMeasure;
use crate::usage::Usage;
use mosaic_harness::Deadline;
use std::time::Duration;

/// Between beats, in seconds: the time that a run takes, with enough of it to sleep in.
const INTERVAL: &str = "0.1";
/// In which a beat of either is over long since, and the next one far.
const ASLEEP_AFTER: Duration = Duration::from_millis(40);

#[derive(Debug, Default)]
struct Costs {
    milliseconds: Samples,
    switches: Samples,
}

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let beats = effort.pick(30, 60);
    let how = format!(
        "{beats} beats a run, {INTERVAL} s apart: schedstat and status of the sidecar in /proc, and of bash what the \
         kernel says of its children at its end"
    );
    let row = |figure: &str, unit, [bash, rust]: [Samples; 2], bound, place: &str| {
        let (figure, how) = (figure.to_owned(), format!("{how}; {place}"));
        Message::Row(Box::new(Row { figure, unit, bash: bash.into(), rust: rust.into(), bound, how })).send();
    };
    let (switches, cpu) = ("voluntary context switches a beat", "CPU a beat");
    let [bash, rust] = both(&Stage::new()?, effort.pick(2, 7), beats)?;
    let place = "heartbeats in memory, as the installer has them";
    row(switches, UnitOfMeasure::Count, [bash.switches, rust.switches], Bound::AtMost(1.0), place);
    row(cpu, UnitOfMeasure::Milliseconds, [bash.milliseconds, rust.milliseconds], Bound::Ratio(0.05), place);

    let stage = Stage::on_disk();
    if is_in_memory(stage.fleet().run_directory()) {
        return Ok(());
    }
    let [bash, rust] = both(&stage, effort.pick(1, 3), beats)?;
    let place = "heartbeats on the disk, where every rename has the file system write";
    row(&format!("{switches}, on disk"), UnitOfMeasure::Count, [bash.switches, rust.switches], Bound::Free, place);
    let milliseconds = [bash.milliseconds, rust.milliseconds];
    row(&format!("{cpu}, on disk"), UnitOfMeasure::Milliseconds, milliseconds, Bound::Free, place);
    Ok(())
}

/// Runs of both, in turn.
fn both(stage: &Stage, runs: usize, beats: usize) -> Result<[Costs; 2], String> {
    let mut costs = [Costs::default(), Costs::default()];
    for run in 0..runs {
        for (contestant, costs) in Contestant::BOTH.into_iter().zip(&mut costs) {
            let usage = beat(stage, contestant, &format!("{contestant}{run}"), beats)?;
            costs.milliseconds.add(usage.milliseconds);
            costs.switches.add(usage.switches);
        }
    }
    Ok(costs)
}

/// What a beat costs, the mean of a run.
fn beat(stage: &Stage, contestant: Contestant, agent: &str, wanted: usize) -> Result<Usage, String> {
    let mut beats = stage.beats();
    stage.start(contestant, agent, INTERVAL)?;
    let sidecar = stage.sidecar(contestant, agent)?;
    // The launcher has gone by then, and with it what it may still do to the sidecar.
    let (first, _) = beats.wait(agent, 3, Deadline::default())?;
    let first = first + asleep(&mut beats, agent);
    let before = Usage::of(sidecar)?;
    let (counted, _) = beats.wait(agent, wanted, Deadline::default())?;
    let counted = counted + asleep(&mut beats, agent);
    let after = Usage::of(sidecar)?;
    let own = (after - before).per(counted);
    let children = match contestant {
        Contestant::Bash => (Usage::of_life(sidecar)? - after).per(first + counted),
        // It has none: that is a figure of its own.
        Contestant::Rust => Usage::default(),
    };
    stage.end(contestant, agent);
    Ok(own + children)
}

/// Waits until the sidecar sleeps again; the beats that were seen meanwhile.
fn asleep(beats: &mut Beats, agent: &str) -> usize {
    std::thread::sleep(ASLEEP_AFTER);
    beats.seen().iter().filter(|name| *name == agent).count()
}
