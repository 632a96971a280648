//! The time from an agent's death until its unit is no longer active.

use crate::arguments::Effort;
use crate::fixture::COMMAND;
use crate::row::{Bound, Cell, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use crate::unit_fixture::{POLL_INTERVAL, UnitFixture};
use mosaic_harness::{Deadline, ProcessWatch};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Kills of each agent, fewer than the start limit of its unit allows within two minutes.
const KILLS_EACH: usize = 5;
/// How long the unit of the bash launcher is observed.
const BASH_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let (rust, bash, how) = match UnitFixture::new() {
        Ok(units) => {
            let rust = Cell::from(measure_product(&units, effort.pick(4, 20))?);
            let how = "SIGKILL of the pane process, then ActiveState is queried over the manager's socket every \
                       millisecond until it is not active; bash in a oneshot unit with RemainAfterExit, as its \
                       users had it";
            (rust, measure_bash(&units)?, how.to_owned())
        }
        Err(reason) => (Cell::text("could not run"), Cell::text("-"), reason),
    };
    let figure = "agent death to a unit that is not active".to_owned();
    let bound = Bound::P99Below(50.0);
    let row = Row { figure, unit: UnitOfMeasure::Milliseconds, bash, rust, bound, how };
    Message::Row(Box::new(row)).send();
    Ok(())
}

/// Kills the agents one after the other, so that each has been restarted before it is killed again.
fn measure_product(units: &UnitFixture, agents: usize) -> Result<Samples, String> {
    let agents: Vec<String> = (0..agents).map(|number| format!("rust{number}")).collect();
    units.start(&agents, "15")?;
    let mut socket = units.socket()?;
    let mut samples = Samples::default();
    let mut killed: BTreeMap<&String, String> = BTreeMap::new();
    for _ in 0..KILLS_EACH {
        for agent in &agents {
            let pid = units.wait_for_new_process(&mut socket, agent, killed.get(agent))?;
            let begun = kill(&pid)?;
            let deadline = Deadline::default();
            while socket.active_state(&UnitFixture::unit(agent))? == "active" {
                std::thread::sleep(POLL_INTERVAL);
                if deadline.passed() {
                    return Err(format!("the unit of {agent} stays active"));
                }
            }
            samples.add(begun.elapsed().as_secs_f64() * 1e3);
            killed.insert(agent, pid);
        }
    }
    Ok(samples)
}

fn measure_bash(units: &UnitFixture) -> Result<Cell, String> {
    const UNIT: &str = "bash-launcher.service";
    let (fixture, manager) = (units.fixture(), units.manager());
    let launcher = fixture.bash_launcher().display();
    let unit = format!(
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nKillMode=none\n\
         Environment=\"MOSAIC_AGENT_COMMAND={COMMAND}\"\nExecStart={launcher} bash\n"
    );
    manager.install_unit(UNIT, &unit);
    manager.systemctl_ok(&["start", UNIT]);
    let mut socket = units.socket()?;
    let beat = fixture.fleet().wait_heartbeat("bash", |beat| beat["status"] == "ok");
    let begun = kill(&beat["pid"])?;
    let deadline = Deadline::after(BASH_TIMEOUT);
    while !deadline.passed() {
        std::thread::sleep(POLL_INTERVAL);
        if socket.active_state(UNIT)? != "active" {
            return Ok(Samples::from_iter([begun.elapsed().as_secs_f64() * 1e3]).into());
        }
    }
    Ok(Cell::text(format!("still active after {} s", BASH_TIMEOUT.as_secs())))
}

fn kill(pid: &str) -> Result<Instant, String> {
    let process = pid.parse().map_err(|error| format!("pid={pid}: {error}"))?;
    let process = ProcessWatch::new(process).map_err(|error| format!("process {pid}: {error}"))?;
    let now = Instant::now();
    process.signal(Signal::KILL.as_raw());
    Ok(now)
}
