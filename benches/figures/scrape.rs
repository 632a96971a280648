//! Scrapes of a large fleet, compared with Debian's `node_exporter` on the same units.
//!
//! The exporter shares an observation between scrapes for one second, so the measurements distinguish scrapes with a
//! new observation, scrapes at regular intervals, for which the exporter observes in advance, and scrapes back to back.

use crate::arguments::Effort;
use crate::roster_fixture::RosterFixture;
use crate::row::{Bound, Cell, Row};
use crate::samples::Samples;
use crate::samples::UnitOfMeasure::{self, Milliseconds};
use crate::scraped_exporter::{IdleExporter, NodeExporter, SERVED_BY, ScrapedExporter};
use crate::scraper::{Encoding, Scrape, Scraper};
use crate::supervisor::Message;
use mosaic_harness::ExporterProcess;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The size of the small fleet; the difference to the large one shows the cost per agent.
const FEW: usize = 100;
/// The size of the large fleet.
const MANY: usize = 1000;
/// The number of scrapes before the memory of the exporter is measured.
const SCRAPES: usize = 1000;
/// The time after which a scrape leaves no trace: the exporter keeps an idle thread for five seconds.
const AT_REST_AFTER: Duration = Duration::from_secs(7);

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let mut fixture = RosterFixture::new()?;
    fixture.grow(FEW)?;
    let few = series(&fixture.exporter())?;
    fixture.grow(MANY)?;
    let process = fixture.exporter();
    let many = series(&process)?;
    let how = format!("difference between {MANY} and {FEW} agents, divided by the additional agents");
    #[allow(clippy::cast_precision_loss, reason = "both are far below 2^52")]
    let each = (many - few) as f64 / (MANY - FEW) as f64;
    row("series per agent", UnitOfMeasure::Count, None, Samples::from_iter([each]), Bound::EachAtMost(40.0), how);

    let mut ours = ScrapedExporter::new(&fixture, process.process().pid(), process.address(), check_ours)?;
    let node_exporter = NodeExporter::start(&fixture);
    let mut theirs = node_exporter
        .as_ref()
        .map_err(String::clone)
        .and_then(|exporter| ScrapedExporter::new(&fixture, exporter.pid(), exporter.address(), check_node_exporter));
    sleep(AT_REST_AFTER);
    let counts_before = ours.resource_counts()?;
    let fresh = alternate(&mut ours, &mut theirs, effort)? + regular(&mut ours, effort)?;
    let scraped = back_to_back(&mut ours, SCRAPES)?;
    report_failures(&ours, theirs.as_ref().ok());
    memory(&ours, theirs.as_ref().ok(), fresh, scraped)?;
    sleep(AT_REST_AFTER);
    let counts_after = ours.resource_counts()?;
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let left = Samples::from_iter([counts_before.difference(counts_after) as f64]);
    let how = format!("{counts_before:?} after the first scrapes, {counts_after:?} after {scraped}");
    row("leaked descriptors, threads and children", UnitOfMeasure::Count, None, left, Bound::EachAtMost(0.0), how);
    measure_idle(ours, theirs.ok(), effort)
}

/// The number of series in a response.
fn series(exporter: &ExporterProcess) -> Result<usize, String> {
    Ok(Scraper::connect(exporter.address())?.scrape(Encoding::Identity)?.samples().count())
}

fn report_failures(ours: &ScrapedExporter, theirs: Option<&ScrapedExporter>) {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let count = |exporter: &ScrapedExporter| Samples::from_iter([exporter.failures().len() as f64]);
    let how = format!(
        "responses in which an agent is not up or a unit is not active, of {}; the first one of ours: {}",
        ours.scrapes(),
        ours.failures().first().map_or("none", String::as_str)
    );
    row(
        "wrong responses",
        UnitOfMeasure::Count,
        theirs.map(|theirs| count(theirs).into()),
        count(ours),
        Bound::EachAtMost(0.0),
        how,
    );
}

fn memory(
    ours: &ScrapedExporter,
    theirs: Option<&ScrapedExporter>,
    fresh: usize,
    scraped: usize,
) -> Result<(), String> {
    for (figure, key, bound) in [("memory", "VmRSS", Bound::EachAtMost(16384.0)), ("peak memory", "VmHWM", Bound::Free)]
    {
        let theirs = theirs.map(|theirs| theirs.kilobytes(key)).transpose()?;
        let how = format!(
            "{key} after {scraped} scrapes, {fresh} of them with a new observation; node_exporter after {fresh}"
        );
        row(figure, UnitOfMeasure::Kilobytes, theirs.map(Cell::from), ours.kilobytes(key)?, bound, how);
    }
    Ok(())
}

/// Sends a row. The column of bash has the value of `node_exporter`, if there is one.
fn row(figure: &str, unit: UnitOfMeasure, theirs: Option<Cell>, ours: Samples, bound: Bound, how: String) {
    let instead = if theirs.is_some() { ", node_exporter | ours" } else { "" };
    let figure = format!("scrape of {MANY} agents: {figure}{instead}");
    let bash = theirs.unwrap_or_else(|| Cell::text("-"));
    Message::Row(Box::new(Row { figure, unit, bash, rust: ours.into(), bound, how })).send();
}

/// The pauses before scrapes with a new observation, since one is shared for a second. They differ, so that the
/// exporter cannot predict the next scrape.
const IRREGULAR_PAUSES: [Duration; 2] = [Duration::from_millis(1010), Duration::from_millis(1510)];
/// The interval of regular scrapes. Prometheus uses longer intervals, to the same effect.
const INTERVAL: Duration = Duration::from_millis(1500);
/// The number of scrapes from which the exporter learns the interval.
const LEARNING_SCRAPES: usize = 3;

/// The bound of a scrape with a new observation.
const SCRAPE: Bound = Bound::P99AtMostAndRatio(30.0, 0.5);

/// Scrapes both exporters alternately, with a new observation for each scrape of ours. Returns the number of those.
fn alternate(
    ours: &mut ScrapedExporter,
    theirs: &mut Result<ScrapedExporter, String>,
    effort: Effort,
) -> Result<usize, String> {
    let rounds = effort.pick(10, 100);
    let children = ours.milliseconds_of_children()?;
    let mut last = Vec::new();
    for _ in 0..rounds {
        for (encoding, pause) in Encoding::BOTH.into_iter().zip(IRREGULAR_PAUSES) {
            sleep(pause);
            let durations = collector_durations(&ours.measure(encoding)?);
            if durations == last {
                return Err("an observation older than a second was shared".to_owned());
            }
            last = durations;
            if let Ok(theirs) = theirs {
                theirs.measure(encoding)?;
            }
        }
    }
    let fresh = rounds * Encoding::BOTH.len();
    let children = ours.milliseconds_of_children()? - children;
    let comparison = match theirs {
        Ok(_) => {
            "node_exporter, with only its systemd collector, is scraped alternately, for the same units of the same \
             manager"
        }
        Err(reason) => &format!("NOT COMPARED, cannot scrape node_exporter: {reason}"),
    };
    let theirs = theirs.as_ref();
    for (nth, encoding) in Encoding::BOTH.into_iter().enumerate() {
        let how = format!(
            "{rounds} scrapes at irregular intervals, each with a new observation, over one connection, to the last \
             byte{}; {comparison}",
            if encoding == Encoding::Gzip { ", with Prometheus' headers" } else { "" }
        );
        let left = theirs.map_or_else(|_| Cell::text("could not run"), |theirs| theirs.took[nth].clone().into());
        row(encoding.name(), Milliseconds, Some(left), ours.took[nth].clone(), SCRAPE, how);
    }
    let processes = ["the exporter"].into_iter().chain(SERVED_BY.map(|(who, _)| who));
    for (nth, process) in processes.enumerate() {
        let how = "CPU time from the request to the response, both encodings, by the CPU clock of each process";
        let left = theirs.ok().map(|theirs| theirs.cost[nth].clone().into());
        row(&format!("CPU time of {process}"), Milliseconds, left, ours.cost[nth].clone(), Bound::Free, how.to_owned());
    }
    let how = "mean of the children that it has waited for, in clock ticks".to_owned();
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let mean = Samples::from_iter([children / fresh as f64]);
    row("CPU time of its children", Milliseconds, None, mean, Bound::Free, how);
    Ok(fresh)
}

/// Scrapes at regular intervals, like Prometheus, and returns the number of scrapes. The exporter observes just before
/// each scrape.
fn regular(ours: &mut ScrapedExporter, effort: Effort) -> Result<usize, String> {
    let rounds = effort.pick(20, 100);
    for encoding in Encoding::BOTH {
        let (mut samples, mut last) = (Samples::default(), Vec::new());
        let begun = Instant::now();
        for nth in 0..rounds + LEARNING_SCRAPES {
            let due = begun + INTERVAL * u32::try_from(nth).unwrap_or(u32::MAX);
            sleep(due.saturating_duration_since(Instant::now()));
            let scrape = ours.scrape(encoding)?;
            let durations = collector_durations(&scrape);
            if durations == last {
                return Err("an observation older than a second was shared".to_owned());
            }
            last = durations;
            if nth >= LEARNING_SCRAPES {
                samples.add(scrape.milliseconds);
            }
        }
        let how = format!(
            "{rounds} scrapes, one every {} s over one connection: the exporter observes just before each",
            INTERVAL.as_secs_f64()
        );
        let figure = format!("{}, at regular intervals", encoding.name());
        row(&figure, Milliseconds, None, samples, Bound::P99Below(30.0), how);
    }
    Ok(Encoding::BOTH.len() * (rounds + LEARNING_SCRAPES))
}

/// Scrapes without pauses, half of the scrapes in each encoding, up to a total, and returns the number of all scrapes.
fn back_to_back(ours: &mut ScrapedExporter, scrapes: usize) -> Result<usize, String> {
    let more = scrapes.saturating_sub(ours.scrapes());
    for encoding in Encoding::BOTH {
        let mut samples = Samples::default();
        for _ in 0..more / Encoding::BOTH.len() {
            samples.add(ours.scrape(encoding)?.milliseconds);
        }
        let figure = format!("{}, shared observation", encoding.name());
        let how = "back to back over one connection: an observation is shared for a second".to_owned();
        row(&figure, Milliseconds, None, samples, Bound::Free, how);
    }
    Ok(ours.scrapes())
}

/// Measures the CPU time and wake-ups of the exporters without a connection.
fn measure_idle(ours: ScrapedExporter, theirs: Option<ScrapedExporter>, effort: Effort) -> Result<(), String> {
    let seconds = effort.pick(10, 60);
    let idle = [Some(ours), theirs].map(|exporter| exporter.map(ScrapedExporter::disconnect));
    sleep(AT_REST_AFTER);
    let usages = || idle.map(|exporter| exporter.map(IdleExporter::usage).transpose());
    let before = usages();
    sleep(Duration::from_secs(seconds as u64));
    let after = usages();
    let used = |nth: usize, which: usize| -> Result<Option<Samples>, String> {
        let (before, after) = (before[nth].clone()?, after[nth].clone()?);
        let both = before.zip(after);
        Ok(both.map(|(before, after)| Samples::from_iter([after[which] - before[which]])))
    };
    let what =
        [("CPU time of the idle exporter", Milliseconds), ("wake-ups of the idle exporter", UnitOfMeasure::Count)];
    for (which, (figure, unit)) in what.into_iter().enumerate() {
        let figure = format!("{figure} in {seconds} s");
        let how = "CPU clock of the process and voluntary context switches of its threads, without a connection and \
            without a watchdog";
        let ours = used(0, which)?.unwrap_or_default();
        row(&figure, unit, used(1, which)?.map(Into::into), ours, Bound::EachAtMost(0.0), how.to_owned());
    }
    Ok(())
}

/// Checks that all agents are up, all units active and no collector failed.
fn check_ours(scrape: &Scrape, agents: usize) -> Result<(), String> {
    let failed: Vec<&str> = scrape
        .samples()
        .filter(|line| line.starts_with("mosaic_collector_success{") && !line.ends_with(" 1"))
        .collect();
    if !failed.is_empty() {
        return Err(format!("collectors failed: {failed:?}"));
    }
    expect(scrape, agents, "mosaic_agent_condition", "condition=\"up\"")?;
    expect(scrape, agents, "mosaic_agent_unit_state", "state=\"active\"")
}

/// Checks that all units are active.
fn check_node_exporter(scrape: &Scrape, agents: usize) -> Result<(), String> {
    expect(scrape, agents, "node_systemd_unit_state", "state=\"active\"")
}

/// Checks the number of samples with a label and the value 1; the error has some of the others.
fn expect(scrape: &Scrape, agents: usize, family: &str, label: &str) -> Result<(), String> {
    let found = scrape.ones(family, label);
    if found == agents {
        return Ok(());
    }
    let is_other = |line: &&str| line.starts_with(family) && line.ends_with(" 1") && !line.contains(label);
    let others: Vec<&str> = scrape.samples().filter(is_other).take(3).collect();
    Err(format!("expected {agents} samples of {family} with {label} and the value 1, got {found}; others: {others:?}"))
}

/// The durations of the collectors, which identify an observation: no two are equal to the nanosecond.
fn collector_durations(scrape: &Scrape) -> Vec<String> {
    let durations = scrape.samples().filter(|line| line.starts_with("mosaic_collector_duration_seconds{"));
    durations.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{check_node_exporter, check_ours};
    use crate::scraper::Scrape;

    fn scrape(lines: &[&str]) -> Scrape {
        Scrape { milliseconds: 0.0, text: lines.concat() }
    }

    #[test]
    fn a_response_without_an_agent_or_with_a_failed_collector_is_wrong() {
        let up = "mosaic_agent_condition{agent=\"a\",condition=\"up\"} 1\n";
        let active = "mosaic_agent_unit_state{agent=\"a\",state=\"active\"} 1\n";
        let failed = "mosaic_collector_success{collector=\"tmux\"} 0\n";
        assert_eq!(check_ours(&scrape(&[up, active]), 1), Ok(()));
        for (lines, agents) in [(&[up, active][..], 2), (&[up], 1), (&[active], 1), (&[up, active, failed], 1)] {
            assert!(check_ours(&scrape(lines), agents).is_err(), "{lines:?}");
        }
    }

    #[test]
    fn a_response_of_node_exporter_without_a_unit_is_wrong() {
        let active = "node_systemd_unit_state{name=\"mosaic-agent@a.service\",state=\"active\",type=\"notify\"} 1\n";
        let failed = "node_systemd_unit_state{name=\"mosaic-agent@b.service\",state=\"active\",type=\"notify\"} 0\n";
        assert_eq!(check_node_exporter(&scrape(&[active, failed]), 1), Ok(()));
        assert!(check_node_exporter(&scrape(&[active, failed]), 2).is_err());
    }
}
