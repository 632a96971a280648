//! What a look costs somebody who looks again and again, as an exporter does.

use crate::bound::Bound;
use crate::cell::Cell;
use crate::effort::Effort;
use crate::message::Message;
use crate::roster_stage::RosterStage;
use crate::row::Row;
use crate::samples::Samples;
use crate::unit_of_measure::UnitOfMeasure;

const AGENTS: usize = 1000;
/// Two files an agent, and what else a program has open.
const OPEN_FILES: &str = "--nofile=8192";

/// Longer than anything that is cached for the next look alone.
const WITH_PAUSES: u64 = 1100;

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let mut stage = RosterStage::new()?;
    stage.grow(AGENTS)?;
    let row = |figure: String, unit, rust: Samples, bound, how: &str| {
        let bash = Cell::said("not tried");
        Message::Row(Box::new(Row { figure, unit, bash, rust: rust.into(), bound, how: how.to_owned() })).send();
    };
    let verified = "a look with everything that a verification needs, by a program that remembers the look before";
    for (pause, how_often, looks) in
        [(0, "back to back", effort.pick(50, 200)), (WITH_PAUSES, "with pauses", effort.pick(10, 40))]
    {
        let (took, [resident, open, threads]) = look(&stage, looks, pause)?;
        let how = format!("{verified}, {how_often}; {open} open files and {threads} threads in the end");
        let figure = format!("look again, {how_often}, {AGENTS} agents");
        row(figure, UnitOfMeasure::Milliseconds, took, Bound::P99Below(26.0), &how);
        let resident = [resident].into_iter().collect();
        let figure = format!("resident after {looks} looks, {AGENTS} agents");
        row(figure, UnitOfMeasure::Kilobytes, resident, Bound::EachAtMost(12288.0), "VmRSS of that program");
    }
    Ok(())
}

/// How long each look took; resident kilobytes, open files and threads after them.
fn look(stage: &RosterStage, looks: usize, pause: u64) -> Result<(Samples, [f64; 3]), String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = stage.beside("prlimit");
    command.arg(OPEN_FILES).arg(own.with_file_name("resident-look")).args([looks.to_string(), pause.to_string()]);
    let output = command.output().map_err(|error| format!("prlimit: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers = |line: &str| -> Option<Vec<f64>> { line.split(' ').map(|number| number.parse().ok()).collect() };
    let lines: Option<Vec<Vec<f64>>> = said.lines().map(numbers).collect();
    let told = lines.and_then(|mut lines| {
        let last = lines.pop()?.try_into().ok()?;
        Some((lines.into_iter().flatten().collect(), last))
    });
    told.filter(|_| output.status.success())
        .ok_or_else(|| format!("resident-look: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}
