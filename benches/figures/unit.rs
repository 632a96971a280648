//! From an agent's death to a unit that systemd no longer calls active.

use crate::bound::Bound;
use crate::cell::Cell;
use crate::effort::Effort;
use crate::message::Message;
use crate::row::Row;
use crate::samples::Samples;
use crate::stage::COMMAND;
use crate::unit_of_measure::UnitOfMeasure;
use crate::unit_stage::{LOOK_EVERY, UnitStage};
use mosaic_harness::{Deadline, ProcessWatch};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Of an agent, fewer than the start limit of its unit allows within two minutes.
const KILLS_EACH: usize = 5;
/// For how long bash's unit is looked at.
const BASH_IS_LOOKED_AT: Duration = Duration::from_secs(3);

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let (rust, bash, how) = match UnitStage::new() {
        Ok(units) => {
            let rust = Cell::from(ours(&units, effort.pick(4, 20))?);
            let how = "SIGKILL of the pane process, then ActiveState asked of the manager over its socket, every \
                       millisecond, until it is something else than active; bash in a oneshot unit with \
                       RemainAfterExit, as its users had it";
            (rust, bashs(&units)?, how.to_owned())
        }
        Err(reason) => (Cell::said("could not run"), Cell::said("-"), reason),
    };
    let figure = "death, to a unit not active".to_owned();
    let bound = Bound::P99Below(50.0);
    let row = Row { figure, unit: UnitOfMeasure::Milliseconds, bash, rust, bound, how };
    Message::Row(Box::new(row)).send();
    Ok(())
}

/// In turn, so that each has been restarted by the time it is killed again.
fn ours(units: &UnitStage, agents: usize) -> Result<Samples, String> {
    let agents: Vec<String> = (0..agents).map(|number| format!("rust{number}")).collect();
    units.start(&agents, "15")?;
    let mut socket = units.socket()?;
    let mut samples = Samples::default();
    let mut killed: BTreeMap<&String, String> = BTreeMap::new();
    for _ in 0..KILLS_EACH {
        for agent in &agents {
            let pid = units.wait_for_another(&mut socket, agent, killed.get(agent))?;
            let begun = kill(&pid)?;
            let deadline = Deadline::default();
            while socket.active_state(&UnitStage::unit(agent))? == "active" {
                std::thread::sleep(LOOK_EVERY);
                if deadline.passed() {
                    return Err(format!("{agent}'s unit stays active"));
                }
            }
            samples.add(begun.elapsed().as_secs_f64() * 1e3);
            killed.insert(agent, pid);
        }
    }
    Ok(samples)
}

fn bashs(units: &UnitStage) -> Result<Cell, String> {
    const UNIT: &str = "bash-launcher.service";
    let (stage, manager) = (units.stage(), units.manager());
    let launcher = stage.bash_launcher().display();
    let unit = format!(
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nKillMode=none\n\
         Environment=\"MOSAIC_AGENT_COMMAND={COMMAND}\"\nExecStart={launcher} bash\n"
    );
    manager.install_unit(UNIT, &unit);
    manager.systemctl_ok(&["start", UNIT]);
    let mut socket = units.socket()?;
    let beat = stage.fleet().wait_heartbeat("bash", |beat| beat["status"] == "ok");
    let begun = kill(&beat["pid"])?;
    let deadline = Deadline::after(BASH_IS_LOOKED_AT);
    while !deadline.passed() {
        std::thread::sleep(LOOK_EVERY);
        if socket.active_state(UNIT)? != "active" {
            return Ok(Samples::from_iter([begun.elapsed().as_secs_f64() * 1e3]).into());
        }
    }
    Ok(Cell::said(format!("active after {} s", BASH_IS_LOOKED_AT.as_secs())))
}

fn kill(pid: &str) -> Result<Instant, String> {
    let process = pid.parse().map_err(|error| format!("pid={pid}: {error}"))?;
    let process = ProcessWatch::new(process).map_err(|error| format!("process {pid}: {error}"))?;
    let now = Instant::now();
    process.signal(Signal::KILL.as_raw());
    Ok(now)
}
