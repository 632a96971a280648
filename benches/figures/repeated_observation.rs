//! The cost of an observation for a process that observes repeatedly, as the exporter does.

use crate::arguments::Effort;
use crate::roster_fixture::RosterFixture;
use crate::row::{Bound, Cell, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;

const AGENTS: usize = 1000;
/// The descriptor limit: two files per agent and some more.
const OPEN_FILES: &str = "--nofile=8192";

/// The pause in milliseconds, longer than the lifetime of any cache.
const PAUSE: u64 = 1100;

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let mut fixture = RosterFixture::new()?;
    fixture.grow(AGENTS)?;
    let row = |figure: String, unit, rust: Samples, bound, how: &str| {
        let bash = Cell::text("not measured");
        Message::Row(Box::new(Row { figure, unit, bash, rust: rust.into(), bound, how: how.to_owned() })).send();
    };
    let verified = "an observation with everything that `verify` needs, by a program that caches the previous one";
    for (pause, how_often, observations) in
        [(0, "back to back", effort.pick(50, 200)), (PAUSE, "with pauses", effort.pick(10, 40))]
    {
        let (took, [resident, open, threads]) = observe(&fixture, observations, pause)?;
        let how = format!("{verified}, {how_often}; {open} open files and {threads} threads at the end");
        let figure = format!("repeated observation, {how_often}, {AGENTS} agents");
        row(figure, UnitOfMeasure::Milliseconds, took, Bound::P99Below(26.0), &how);
        let resident = [resident].into_iter().collect();
        let figure = format!("resident memory after {observations} observations, {AGENTS} agents");
        row(figure, UnitOfMeasure::Kilobytes, resident, Bound::EachAtMost(12288.0), "VmRSS of that program");
    }
    Ok(())
}

/// Returns the duration of each observation, then resident kB, open files and threads at the end.
fn observe(fixture: &RosterFixture, observations: usize, pause: u64) -> Result<(Samples, [f64; 3]), String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = fixture.command("prlimit");
    command
        .arg(OPEN_FILES)
        .arg(own.with_file_name("repeated-observation"))
        .args([observations.to_string(), pause.to_string()]);
    let output = command.output().map_err(|error| format!("prlimit: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let numbers = |line: &str| -> Option<Vec<f64>> { line.split(' ').map(|number| number.parse().ok()).collect() };
    let lines: Option<Vec<Vec<f64>>> = stdout.lines().map(numbers).collect();
    let parsed = lines.and_then(|mut lines| {
        let last = lines.pop()?.try_into().ok()?;
        Some((lines.into_iter().flatten().collect(), last))
    });
    parsed.filter(|_| output.status.success()).ok_or_else(|| {
        format!("repeated-observation: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
    })
}
