//! Many sidecars that are killed at once: the time until each agent has one again, and what that costs other jobs of the
//! user manager. Plain units of the same number, which do nothing but sleep, show what the manager itself takes.

use crate::arguments::Effort;
use crate::row::{Bound, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use crate::unit_fixture::{POLL_INTERVAL, UnitFixture};
use mosaic_harness::ProcessWatch;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

/// Much longer than the bound, so that a miss is measured too.
const TIMEOUT: Duration = Duration::from_mins(5);
/// Units that are started while the others come back.
const OTHERS: usize = 5;

/// The result of one crowd.
struct Recovery {
    all_back: Duration,
    /// How long `systemctl start` of an unconcerned unit took meanwhile.
    other_starts: Samples,
}

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let count = effort.pick(40, 300);
    let units = UnitFixture::new()?;
    units.manager().install_unit("other@.service", "[Service]\nType=exec\nExecStart=sleep 1000\n");
    let (plain, agents) = (plain_units(&units, count)?, agents(&units, count)?);
    let row = |figure: String, plain: Samples, agents: Samples, how: String| {
        let unit = UnitOfMeasure::Milliseconds;
        let row = Row { figure, unit, bash: plain.into(), rust: agents.into(), bound: Bound::Ratio(4.0), how };
        Message::Row(Box::new(row)).send();
    };
    let back = |recovery: &Recovery| Samples::from_iter([recovery.all_back.as_secs_f64() * 1e3]);
    row(
        format!("{count} killed sidecars until all are back"),
        back(&plain),
        back(&agents),
        format!(
            "SIGKILL of {count} sidecars at once, until each agent has the heartbeat of another sidecar; compared with \
             {count} units that only sleep, with the same RestartSec=, until each runs again"
        ),
    );
    row(
        "start of another unit meanwhile".to_owned(),
        plain.other_starts,
        agents.other_starts,
        "systemctl start of five units that are not concerned, one after the other, beginning with the kill".to_owned(),
    );
    Ok(())
}

/// Kills the sidecars of agents that run.
fn agents(units: &UnitFixture, count: usize) -> Result<Recovery, String> {
    let names: Vec<String> = (0..count).map(|number| format!("crowd{number}")).collect();
    units.start(&names, "15")?;
    let fleet = units.fixture().fleet();
    let sidecar = |name: &String| fleet.heartbeat(name).and_then(|beat| beat.get("sidecar").cloned());
    let before: BTreeMap<&String, Option<String>> = names.iter().map(|name| (name, sidecar(name))).collect();
    let victims = before.iter().map(|(name, pid)| watch(name, pid.as_deref())).collect::<Result<Vec<_>, _>>()?;
    recover(units, "beside-agents", &names, &victims, |name| before[name] != sidecar(name))
}

/// Kills the processes of units that only sleep.
fn plain_units(units: &UnitFixture, count: usize) -> Result<Recovery, String> {
    let marks = units.fixture().fleet().root().join("plain");
    fs::create_dir_all(&marks).map_err(|error| error.to_string())?;
    let unit = format!(
        "[Service]\nType=exec\nRestart=on-failure\nRestartSec=1s\n\
         ExecStart=/bin/sh -c 'echo $$$$ >{}/%i; exec sleep 1000'\n",
        marks.display()
    );
    units.manager().install_unit("plain@.service", &unit);
    let names: Vec<String> = (0..count).map(|number| format!("plain{number}")).collect();
    let started: Vec<String> = names.iter().map(|name| format!("plain@{name}.service")).collect();
    units.manager().systemctl_ok(&[&["start"], &started.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    let pid = |name: &String| fs::read_to_string(marks.join(name)).ok().map(|pid| pid.trim().to_owned());
    let before: BTreeMap<&String, Option<String>> = names.iter().map(|name| (name, pid(name))).collect();
    let victims = before.iter().map(|(name, pid)| watch(name, pid.as_deref())).collect::<Result<Vec<_>, _>>()?;
    let is_back = |name: &String| pid(name).is_some_and(|pid| !pid.is_empty() && before[name].as_ref() != Some(&pid));
    let recovery = recover(units, "beside-plain", &names, &victims, is_back);
    units.manager().systemctl_ok(&["stop", "plain@*.service"]);
    recovery
}

fn watch(name: &str, pid: Option<&str>) -> Result<ProcessWatch, String> {
    let pid = pid.and_then(|pid| pid.parse().ok()).ok_or_else(|| format!("{name} has no process"))?;
    ProcessWatch::new(pid).map_err(|error| format!("process {pid} of {name}: {error}"))
}

/// Kills the processes, and waits until each of `names` is back.
fn recover(
    units: &UnitFixture,
    others: &str,
    names: &[String],
    victims: &[ProcessWatch],
    is_back: impl Fn(&String) -> bool,
) -> Result<Recovery, String> {
    let begun = Instant::now();
    for victim in victims {
        victim.signal(Signal::KILL.as_raw());
    }
    std::thread::scope(|scope| {
        let others =
            scope.spawn(|| (0..OTHERS).map(|number| start_other(units, &format!("{others}{number}"))).collect());
        let mut left: Vec<&String> = names.iter().collect();
        while !left.is_empty() {
            left.retain(|name| !is_back(name));
            if begun.elapsed() > TIMEOUT {
                return Err(format!("{} of {} are not back after {TIMEOUT:?}", left.len(), names.len()));
            }
            std::thread::sleep(10 * POLL_INTERVAL);
        }
        let all_back = begun.elapsed();
        let other_starts = others.join().map_err(|_| "an unconcerned unit cannot be started".to_owned())?;
        Ok(Recovery { all_back, other_starts })
    })
}

/// Starts a unit that is not concerned, and returns how long that took in milliseconds.
fn start_other(units: &UnitFixture, name: &str) -> f64 {
    let begun = Instant::now();
    units.manager().systemctl_ok(&["start", &format!("other@{name}.service")]);
    begun.elapsed().as_secs_f64() * 1e3
}
