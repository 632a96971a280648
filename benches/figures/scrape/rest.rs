//! What an exporter does that nobody asks anything.

use super::{AT_REST_AFTER, row};
use crate::bound::Bound;
use crate::effort::Effort;
use crate::samples::Samples;
use crate::scraped_exporter::{Alone, ScrapedExporter};
use crate::unit_of_measure::UnitOfMeasure;
use std::thread::sleep;
use std::time::Duration;

pub(super) fn measure(ours: ScrapedExporter, theirs: Option<ScrapedExporter>, effort: Effort) -> Result<(), String> {
    let seconds = effort.pick(10, 60);
    let alone = [Some(ours), theirs].map(|exporter| exporter.map(ScrapedExporter::hang_up));
    sleep(AT_REST_AFTER);
    let accounts = || alone.map(|exporter| exporter.map(Alone::account).transpose());
    let before = accounts();
    sleep(Duration::from_secs(seconds as u64));
    let after = accounts();
    let used = |nth: usize, which: usize| -> Result<Option<Samples>, String> {
        let (before, after) = (before[nth].clone()?, after[nth].clone()?);
        let both = before.zip(after);
        Ok(both.map(|(before, after)| Samples::from_iter([after[which] - before[which]])))
    };
    let what = [("CPU of the exporter", UnitOfMeasure::Milliseconds), ("the exporter wakes up", UnitOfMeasure::Count)];
    for (which, (figure, unit)) in what.into_iter().enumerate() {
        let figure = format!("{figure} in {seconds} s without one");
        let how = "by the kernel's clock of the process and its threads' voluntary context switches, without a \
                   connection and without a watchdog";
        let ours = used(0, which)?.unwrap_or_default();
        row(&figure, unit, used(1, which)?.map(Into::into), ours, Bound::EachAtMost(0.0), how.to_owned());
    }
    Ok(())
}
