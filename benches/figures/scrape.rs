//! Scrapes of a whole fleet, beside those that Debian's `node_exporter` answers of the same units.

mod answer;
mod rest;
mod turns;

use crate::bound::Bound;
use crate::cell::Cell;
use crate::effort::Effort;
use crate::message::Message;
use crate::node_exporter::NodeExporter;
use crate::roster_stage::RosterStage;
use crate::row::Row;
use crate::samples::Samples;
use crate::scraped_exporter::ScrapedExporter;
use crate::scraper::{Encoding, Scraper};
use crate::unit_of_measure::UnitOfMeasure;
use mosaic_harness::ExporterProcess;
use std::thread::sleep;
use std::time::Duration;

/// Agents of the smaller fleet; what the larger one has more is what agents add.
const FEW: usize = 100;
const MANY: usize = 1000;
/// Of one exporter, until its memory is looked at.
const SCRAPES: usize = 1000;
/// Then nothing of a scrape goes on any more: the exporter keeps a thread without work for five seconds.
const AT_REST_AFTER: Duration = Duration::from_secs(7);

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let mut stage = RosterStage::new()?;
    stage.grow(FEW)?;
    let few = series(&stage.exporter())?;
    stage.grow(MANY)?;
    let process = stage.exporter();
    let many = series(&process)?;
    let how = format!("series of {MANY} agents less those of {FEW}, for each agent more");
    #[allow(clippy::cast_precision_loss, reason = "both are far below 2^52")]
    let each = (many - few) as f64 / (MANY - FEW) as f64;
    row("series an agent", UnitOfMeasure::Count, None, Samples::from_iter([each]), Bound::EachAtMost(40.0), how);

    let mut ours = ScrapedExporter::new(&stage, process.process().pid(), process.address(), answer::is_ours)?;
    let node_exporter = NodeExporter::start(&stage);
    let mut theirs = node_exporter.as_ref().map_err(String::clone).and_then(|exporter| {
        ScrapedExporter::new(&stage, exporter.pid(), exporter.address(), answer::is_node_exporters)
    });
    sleep(AT_REST_AFTER);
    let held = ours.holdings()?;
    let fresh = turns::take(&mut ours, &mut theirs, effort)? + turns::regular(&mut ours, effort)?;
    let scraped = turns::back_to_back(&mut ours, SCRAPES)?;
    wrong(&ours, theirs.as_ref().ok());
    memory(&ours, theirs.as_ref().ok(), fresh, scraped)?;
    sleep(AT_REST_AFTER);
    let holds = ours.holdings()?;
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let left = Samples::from_iter([held.differences(holds) as f64]);
    let how = format!("{held:?} after the first scrapes, {holds:?} after {scraped}");
    row("descriptors, threads, children left over", UnitOfMeasure::Count, None, left, Bound::EachAtMost(0.0), how);
    rest::measure(ours, theirs.ok(), effort)
}

/// How many there are in an answer.
fn series(exporter: &ExporterProcess) -> Result<usize, String> {
    Ok(Scraper::connect(exporter.address())?.scrape(Encoding::Identity)?.samples().count())
}

fn wrong(ours: &ScrapedExporter, theirs: Option<&ScrapedExporter>) {
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let count = |exporter: &ScrapedExporter| Samples::from_iter([exporter.wrong().len() as f64]);
    let how = format!(
        "answers in which not all agents are up and all units active, of {}; the first of ours: {}",
        ours.scrapes(),
        ours.wrong().first().map_or("none", String::as_str)
    );
    row(
        "wrong",
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
            "{key} after {scraped} scrapes, {fresh} of them with a look of their own; node_exporter after {fresh}"
        );
        row(figure, UnitOfMeasure::Kilobytes, theirs.map(Cell::from), ours.kilobytes(key)?, bound, how);
    }
    Ok(())
}

/// In the place of bash is `node_exporter`, if anything.
fn row(figure: &str, unit: UnitOfMeasure, theirs: Option<Cell>, ours: Samples, bound: Bound, how: String) {
    let instead = if theirs.is_some() { ", node_exporter | ours" } else { "" };
    let figure = format!("scrape of {MANY} agents: {figure}{instead}");
    let bash = theirs.unwrap_or_else(|| Cell::said("-"));
    Message::Row(Box::new(Row { figure, unit, bash, rust: ours.into(), bound, how })).send();
}
