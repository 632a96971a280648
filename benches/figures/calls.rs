//! Forks and system calls a beat, by strace: counted, so no load on the machine changes them.

use crate::bound::Bound;
use crate::cell::Cell;
use crate::contestant::Contestant;
use crate::effort::Effort;
use crate::message::Message;
use crate::row::Row;
use crate::samples::Samples;
use crate::stage::Stage;
use crate::trace::Trace;
use crate::unit_of_measure::UnitOfMeasure;
use crate::unit_stage::UnitStage;
use mosaic_harness::Deadline;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Seconds between beats: short, as nothing here depends on it.
const INTERVAL: &str = "0.2";
/// Beats that do not count, see [`Trace::parse`], and the one that counting starts from.
const MORE: usize = 4;

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let wanted = effort.pick(10, 50);
    let stage = Stage::new()?;
    let bash = launched(&stage, Contestant::Bash, wanted)?;
    let rust = launched(&stage, Contestant::Rust, wanted)?;
    drop(stage);
    let how = format!("strace -f from the start on, between the {}rd beat and the last of {wanted} or more", MORE - 1);
    let row = |figure: &str, bash, rust, bound, how: &str| {
        let (figure, how) = (figure.to_owned(), how.to_owned());
        Message::Row(Box::new(Row { figure, unit: UnitOfMeasure::Count, bash, rust, bound, how })).send();
    };
    row("processes made a beat", share(&bash, bash.forks), share(&rust, rust.forks), Bound::EachAtMost(0.0), &how);
    row("system calls a beat", share(&bash, bash.calls), share(&rust, rust.calls), Bound::AtMost(8.0), &how);

    let (rust, how) = match UnitStage::new().and_then(|units| attached(&units, wanted)) {
        Ok(trace) => (share(&trace, trace.calls), "strace -f -p on the main process of the agent's unit".to_owned()),
        Err(reason) => (Cell::said("could not run"), reason),
    };
    row("system calls a beat, with watchdog", Cell::said("has none"), rust, Bound::AtMost(8.0), &how);
    Ok(())
}

/// Counts as one repetition: every beat is alike, or the mean is no whole number.
#[allow(clippy::cast_precision_loss, reason = "a trace has far fewer than 2^52 calls")]
fn share(trace: &Trace, part: usize) -> Cell {
    let mean = part as f64 / trace.beats as f64;
    let mut spread = Samples::from_iter([mean]).spread();
    if let Some(spread) = &mut spread {
        spread.repetitions = trace.beats;
    }
    spread.map_or_else(|| Cell::said("-"), Cell::Measured)
}

/// Traces a launcher and all that comes of it.
fn launched(stage: &Stage, contestant: Contestant, wanted: usize) -> Result<Trace, String> {
    let agent = contestant.to_string();
    let launcher = stage.launch(contestant, &agent, INTERVAL).to_command();
    let (mut strace, trace) = strace(stage);
    strace.arg(launcher.get_program()).args(launcher.get_args());
    strace.envs(launcher.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut beats = stage.beats();
    let mut strace = spawn(&mut strace)?;
    let beaten = beats.wait(&agent, wanted + MORE, Deadline::default());
    stage.end(contestant, &agent);
    finish(&mut strace, beaten.map(drop))?;
    read(&trace, &agent)
}

/// Traces a sidecar that systemd has started.
fn attached(units: &UnitStage, wanted: usize) -> Result<Trace, String> {
    const AGENT: &str = "watched";
    let stage = units.stage();
    units.start(&[AGENT.to_owned()], INTERVAL)?;
    let sidecar = stage.sidecar(Contestant::Rust, AGENT)?;
    let (mut strace, trace) = strace(stage);
    strace.args(["-p", &sidecar.to_string()]);
    let mut strace = spawn(&mut strace)?;
    let beaten = stage.beats().wait(AGENT, wanted + MORE, Deadline::default());
    // It lets go of the sidecar.
    let _ = kill_process(Pid::from_child(&strace), Signal::INT);
    finish(&mut strace, beaten.map(drop))?;
    read(&trace, AGENT)
}

fn strace(stage: &Stage) -> (Command, PathBuf) {
    let trace = stage.fleet().root().join("trace");
    let mut command = stage.fleet().command("strace");
    command.args(["-f", "-qq", "-o"]).arg(&trace).process_group(0);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    (command, trace)
}

fn spawn(strace: &mut Command) -> Result<Child, String> {
    strace.spawn().map_err(|error| format!("strace: {error}"))
}

/// What strace complained of explains why there were no beats.
fn finish(strace: &mut Child, beaten: Result<(), String>) -> Result<(), String> {
    let Err(reason) = beaten else {
        return strace.wait().map(drop).map_err(|error| format!("strace: {error}"));
    };
    let _ = strace.kill();
    let mut said = String::new();
    let _ = strace.stderr.take().map(|mut pipe| std::io::Read::read_to_string(&mut pipe, &mut said));
    let _ = strace.wait();
    Err(format!("{reason}; strace: {}", said.trim()))
}

fn read(trace: &PathBuf, agent: &str) -> Result<Trace, String> {
    let text = fs::read(trace).map_err(|error| format!("strace wrote nothing: {error}"))?;
    Trace::parse(&String::from_utf8_lossy(&text), agent)
}
