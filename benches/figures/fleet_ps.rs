//! The duration and memory of `mosaic fleet ps` and `verify`, compared with one query of systemd and tmux per agent.

use crate::arguments::Effort;
use crate::roster_fixture::RosterFixture;
use crate::row::{Bound, Cell, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use std::time::Instant;

/// The number of agents in the comparison with one query per agent.
const FEW: usize = 100;
/// The number of agents of the large fleet.
const MANY: usize = 1000;

/// The script that the product replaces: two programs per agent, one after the other.
const NAIVE: &str = r#"
for agent; do
    systemctl --user show "mosaic-agent@$agent.service" || exit
    tmux -L mosaic-factory list-panes -t "=$agent:" -F '#{pane_pid} #{pane_dead} #{window_activity}' || exit
done
"#;

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let mut fixture = RosterFixture::new()?;
    let program = fixture.program().display().to_string();
    let ps = [program.as_str(), "fleet", "ps", "--json"];
    fixture.grow(FEW)?;
    against_each(&fixture, &ps, effort)?;

    let begun = Instant::now();
    fixture.grow(MANY)?;
    let agents = fixture.agents().len();
    let how = format!(
        "{agents} units and sessions, started in {:.0} s, with a heartbeat every ten minutes; a shell in the same \
         mount namespace starts the program and measures the time",
        begun.elapsed().as_secs_f64()
    );
    let row = |figure: String, unit, rust: Samples, bound, how: &str| {
        let bash = Cell::text("not measured");
        Message::Row(Box::new(Row { figure, unit, bash, rust: rust.into(), bound, how: how.to_owned() })).send();
    };
    let repetitions = effort.pick(10, 40);
    let (took, printed) = fixture.time(repetitions, &ps)?;
    fixture.check(&printed)?;
    let samples = took.into_iter().collect();
    row(format!("ps --json, {agents} agents"), UnitOfMeasure::Milliseconds, samples, Bound::AtMost(60.0), &how);

    let verify = [program.as_str(), "fleet", "verify", "--json"];
    let (took, _) = fixture.time(repetitions, &verify)?;
    let samples = took.into_iter().collect();
    row(format!("verify --json, {agents} agents"), UnitOfMeasure::Milliseconds, samples, Bound::Free, &how);

    let peaks: Result<Samples, String> = (0..effort.pick(3, 10)).map(|_| fixture.peak_memory(&ps[1..])).collect();
    let how = "VmHWM of the process when it begins to print to an unread pipe";
    row(
        format!("ps --json, peak memory, {agents} agents"),
        UnitOfMeasure::Kilobytes,
        peaks?,
        Bound::EachAtMost(15360.0),
        how,
    );
    Ok(())
}

/// Measures both alternately, for a number of agents at which the script is still usable.
fn against_each(fixture: &RosterFixture, ps: &[&str], effort: Effort) -> Result<(), String> {
    let naive: Vec<&str> =
        ["bash", "-c", NAIVE, "naive"].into_iter().chain(fixture.agents().iter().map(String::as_str)).collect();
    let (mut each, mut once) = (Samples::default(), Samples::default());
    for _ in 0..effort.pick(3, 10) {
        let (took, printed) = fixture.time(1, &naive)?;
        for took in took {
            each.add(took);
        }
        let lines = printed.lines().filter(|line| line.starts_with("ActiveState=active")).count();
        if lines != fixture.agents().len() {
            return Err(format!("systemctl reports {lines} of {} agents as active", fixture.agents().len()));
        }
        let (took, printed) = fixture.time(3, ps)?;
        for took in took {
            once.add(took);
        }
        fixture.check(&printed)?;
    }
    let row = Row {
        figure: format!("ps --json, {} agents", fixture.agents().len()),
        unit: UnitOfMeasure::Milliseconds,
        bash: each.into(),
        rust: once.into(),
        bound: Bound::Ratio(1.0 / 50.0),
        how: "alternately, in one fleet; bash runs one `systemctl --user show` and one `tmux list-panes` per agent"
            .to_owned(),
    };
    Message::Row(Box::new(row)).send();
    Ok(())
}
