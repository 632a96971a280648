//! Scrapes of both exporters in turn, and of ours back to back.

use super::{answer, row};
use crate::bound::Bound;
use crate::cell::Cell;
use crate::effort::Effort;
use crate::samples::Samples;
use crate::scraped_exporter::{OTHERS, ScrapedExporter};
use crate::scraper::Encoding;
use crate::unit_of_measure::UnitOfMeasure::Milliseconds;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// For a second a look at the fleet is shared. The pauses differ, so that nobody expects the next scrape.
const LOOK_IS_OLD_AFTER: [Duration; 2] = [Duration::from_millis(1010), Duration::from_millis(1510)];
/// Of a scraper that is expected. Prometheus' are longer, and no different.
const INTERVAL: Duration = Duration::from_millis(1500);
/// So many come before the exporter knows their interval.
const UNEXPECTED: usize = 3;

/// What ours do has to take at most.
const SCRAPE: Bound = Bound::P99AtMostAndRatio(30.0, 0.5);

/// In turn, each of ours with a look of its own; how many those were.
pub(super) fn take(
    ours: &mut ScrapedExporter,
    theirs: &mut Result<ScrapedExporter, String>,
    effort: Effort,
) -> Result<usize, String> {
    let rounds = effort.pick(10, 100);
    let children = ours.milliseconds_of_children()?;
    let mut last = Vec::new();
    for _ in 0..rounds {
        for (encoding, pause) in Encoding::BOTH.into_iter().zip(LOOK_IS_OLD_AFTER) {
            sleep(pause);
            let look = answer::look(&ours.count(encoding)?);
            if look == last {
                return Err("a look was shared that was more than a second old".to_owned());
            }
            last = look;
            if let Ok(theirs) = theirs {
                theirs.count(encoding)?;
            }
        }
    }
    let fresh = rounds * Encoding::BOTH.len();
    let children = ours.milliseconds_of_children()? - children;
    let beside = match theirs {
        Ok(_) => {
            "node_exporter with its systemd collector alone answers in turn, of the same units of the same manager"
        }
        Err(reason) => &format!("NOT COMPARED, node_exporter cannot be scraped here: {reason}"),
    };
    let theirs = theirs.as_ref();
    for (nth, encoding) in Encoding::BOTH.into_iter().enumerate() {
        let how = format!(
            "{rounds} scrapes that nobody expects, each with a look of its own, over one connection until the last byte{}; \
             {beside}",
            if encoding == Encoding::Gzip { ", with Prometheus' headers" } else { "" }
        );
        let left = theirs.map_or_else(|_| Cell::said("could not run"), |theirs| theirs.took[nth].clone().into());
        row(encoding.name(), Milliseconds, Some(left), ours.took[nth].clone(), SCRAPE, how);
    }
    let who = ["the exporter"].into_iter().chain(OTHERS.map(|(who, _)| who));
    for (nth, who) in who.enumerate() {
        let how =
            "processor time from the question to the answer, both encodings, by the kernel's clock of each process";
        let left = theirs.ok().map(|theirs| theirs.cost[nth].clone().into());
        row(&format!("CPU of {who}"), Milliseconds, left, ours.cost[nth].clone(), Bound::Free, how.to_owned());
    }
    let how = "programs that it started and waited for: the mean, by the kernel's ticks".to_owned();
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    let mean = Samples::from_iter([children / fresh as f64]);
    row("CPU of its children", Milliseconds, None, mean, Bound::Free, how);
    Ok(fresh)
}

/// At regular intervals, as Prometheus scrapes; how many there were. Each finds a look of its own that was made
/// just before.
pub(super) fn regular(ours: &mut ScrapedExporter, effort: Effort) -> Result<usize, String> {
    let rounds = effort.pick(20, 100);
    for encoding in Encoding::BOTH {
        let (mut samples, mut last) = (Samples::default(), Vec::new());
        let begun = Instant::now();
        for nth in 0..rounds + UNEXPECTED {
            let due = begun + INTERVAL * u32::try_from(nth).unwrap_or(u32::MAX);
            sleep(due.saturating_duration_since(Instant::now()));
            let scrape = ours.scrape(encoding)?;
            let look = answer::look(&scrape);
            if look == last {
                return Err("a look was shared that was more than a second old".to_owned());
            }
            last = look;
            if nth >= UNEXPECTED {
                samples.add(scrape.milliseconds);
            }
        }
        let how = format!(
            "{rounds} scrapes, one every {} s over one connection: each finds a look of its own, made when it was due",
            INTERVAL.as_secs_f64()
        );
        let figure = format!("{}, at regular intervals", encoding.name());
        row(&figure, Milliseconds, None, samples, Bound::P99Below(30.0), how);
    }
    Ok(Encoding::BOTH.len() * (rounds + UNEXPECTED))
}

/// Without a pause, half of them of each kind, until there were so many in all; how many there were.
pub(super) fn back_to_back(ours: &mut ScrapedExporter, scrapes: usize) -> Result<usize, String> {
    let more = scrapes.saturating_sub(ours.scrapes());
    for encoding in Encoding::BOTH {
        let mut samples = Samples::default();
        for _ in 0..more / Encoding::BOTH.len() {
            samples.add(ours.scrape(encoding)?.milliseconds);
        }
        let figure = format!("{} of a look that is there", encoding.name());
        let how = "back to back over one connection: a look is shared for a second".to_owned();
        row(&figure, Milliseconds, None, samples, Bound::Free, how);
    }
    Ok(ours.scrapes())
}
