//! What one look at a whole fleet costs, against asking systemd and tmux about each agent.

use crate::bound::Bound;
use crate::cell::Cell;
use crate::effort::Effort;
use crate::message::Message;
use crate::roster_stage::RosterStage;
use crate::row::Row;
use crate::samples::Samples;
use crate::unit_of_measure::UnitOfMeasure;
use std::time::Instant;

/// Agents when each is asked about by itself.
const FEW: usize = 100;
/// Agents when nobody would.
const MANY: usize = 1000;

/// What is replaced: two programs an agent, started one after the other.
const NAIVE: &str = r#"
for agent; do
    systemctl --user show "mosaic-agent@$agent.service" || exit
    tmux -L mosaic-factory list-panes -t "=$agent:" -F '#{pane_pid} #{pane_dead} #{window_activity}' || exit
done
"#;

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let mut stage = RosterStage::new()?;
    let program = stage.program().display().to_string();
    let ps = [program.as_str(), "fleet", "ps", "--json"];
    stage.grow(FEW)?;
    against_each(&stage, &ps, effort)?;

    let begun = Instant::now();
    stage.grow(MANY)?;
    let agents = stage.agents().len();
    let how = format!(
        "{agents} units and sessions, started in {:.0} s, that beat every ten minutes; a shell in the same mount \
         namespace starts the program and takes the time",
        begun.elapsed().as_secs_f64()
    );
    let row = |figure: String, unit, rust: Samples, bound, how: &str| {
        let bash = Cell::said("not tried");
        Message::Row(Box::new(Row { figure, unit, bash, rust: rust.into(), bound, how: how.to_owned() })).send();
    };
    let repetitions = effort.pick(10, 40);
    let (took, printed) = stage.time(repetitions, &ps)?;
    stage.check(&printed)?;
    let samples = took.into_iter().collect();
    row(format!("ps --json, {agents} agents"), UnitOfMeasure::Milliseconds, samples, Bound::AtMost(60.0), &how);

    let verify = [program.as_str(), "fleet", "verify", "--json"];
    let (took, _) = stage.time(repetitions, &verify)?;
    let samples = took.into_iter().collect();
    row(format!("verify --json, {agents} agents"), UnitOfMeasure::Milliseconds, samples, Bound::Free, &how);

    let peaks: Result<Samples, String> = (0..effort.pick(3, 10)).map(|_| stage.peak(&ps[1..])).collect();
    let how = "VmHWM of the process when it begins to print to a pipe that nobody reads";
    row(
        format!("ps --json, peak memory, {agents} agents"),
        UnitOfMeasure::Kilobytes,
        peaks?,
        Bound::EachAtMost(15360.0),
        how,
    );
    Ok(())
}

/// Both in turn, at a size at which the other way is bearable.
fn against_each(stage: &RosterStage, ps: &[&str], effort: Effort) -> Result<(), String> {
    let naive: Vec<&str> =
        ["bash", "-c", NAIVE, "naive"].into_iter().chain(stage.agents().iter().map(String::as_str)).collect();
    let (mut each, mut once) = (Samples::default(), Samples::default());
    for _ in 0..effort.pick(3, 10) {
        let (took, printed) = stage.time(1, &naive)?;
        for took in took {
            each.add(took);
        }
        let lines = printed.lines().filter(|line| line.starts_with("ActiveState=active")).count();
        if lines != stage.agents().len() {
            return Err(format!("systemctl calls {lines} of {} agents active", stage.agents().len()));
        }
        let (took, printed) = stage.time(3, ps)?;
        for took in took {
            once.add(took);
        }
        stage.check(&printed)?;
    }
    let row = Row {
        figure: format!("ps --json, {} agents", stage.agents().len()),
        unit: UnitOfMeasure::Milliseconds,
        bash: each.into(),
        rust: once.into(),
        bound: Bound::Ratio(1.0 / 50.0),
        how: "in turn, in one fleet; bash runs one `systemctl --user show` and one `tmux list-panes` an agent"
            .to_owned(),
    };
    Message::Row(Box::new(row)).send();
    Ok(())
}
