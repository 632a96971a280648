//! An exporter that is scraped, and whoever works for its answer.

use crate::holdings::{Holdings, kilobytes, sleeps};
use crate::processor_time::{processor_time, processor_time_of_children};
use crate::roster_stage::RosterStage;
use crate::samples::Samples;
use crate::scraper::{Encoding, Scrape, Scraper};
use std::net::SocketAddr;

/// Who works for an answer, beside the exporter itself.
pub(crate) const OTHERS: [(&str, &str); 3] =
    [("the user manager", "systemd"), ("its bus", "dbus-daemon"), ("the tmux server", "tmux: server")];

/// What an answer has to say of so many agents.
pub(crate) type Check = fn(&Scrape, usize) -> Result<(), String>;

/// One of the exporters that are compared.
#[derive(Debug)]
pub(crate) struct ScrapedExporter {
    pid: u32,
    scraper: Scraper,
    check: Check,
    agents: usize,
    others: Vec<u32>,
    scrapes: usize,
    /// What of the answers was not as it should be: a line each.
    wrong: Vec<String>,
    /// Scrapes of each kind.
    pub(crate) took: [Samples; 2],
    /// Processor time a scrape, of the exporter and of the others.
    pub(crate) cost: [Samples; OTHERS.len() + 1],
}

impl ScrapedExporter {
    /// One that runs already.
    pub(crate) fn new(stage: &RosterStage, pid: u32, address: SocketAddr, check: Check) -> Result<Self, String> {
        let others: Result<_, String> = OTHERS.into_iter().map(|(_, name)| stage.process(name)).collect();
        let scraper = Scraper::connect(address)?;
        let agents = stage.agents().len();
        let (took, cost) = (Default::default(), Default::default());
        let mut exporter =
            Self { pid, scraper, check, agents, others: others?, scrapes: 0, wrong: Vec::new(), took, cost };
        for encoding in Encoding::BOTH {
            exporter.scrape(encoding)?;
        }
        match exporter.wrong.pop() {
            None => Ok(exporter),
            Some(wrong) => Err(wrong),
        }
    }

    /// Scrapes once; nothing of it is kept but whether the answer was right.
    pub(crate) fn scrape(&mut self, encoding: Encoding) -> Result<Scrape, String> {
        let scrape = self.scraper.scrape(encoding)?;
        self.check(&scrape);
        Ok(scrape)
    }

    fn check(&mut self, scrape: &Scrape) {
        self.scrapes += 1;
        self.wrong.extend((self.check)(scrape, self.agents).err());
    }

    /// Scrapes once, and keeps what that takes and costs.
    pub(crate) fn count(&mut self, encoding: Encoding) -> Result<Scrape, String> {
        let before = self.clocks()?;
        let scrape = self.scraper.scrape(encoding)?;
        let after = self.clocks()?;
        self.check(&scrape);
        self.took[usize::from(encoding == Encoding::Gzip)].add(scrape.milliseconds);
        for (cost, (before, after)) in self.cost.iter_mut().zip(before.into_iter().zip(after)) {
            cost.add(after - before);
        }
        Ok(scrape)
    }

    fn clocks(&self) -> Result<Vec<f64>, String> {
        [self.pid].iter().chain(&self.others).copied().map(processor_time).collect()
    }

    /// How often it was scraped.
    pub(crate) fn scrapes(&self) -> usize {
        self.scrapes
    }

    /// What of the answers was not as it should be: a line each.
    pub(crate) fn wrong(&self) -> &[String] {
        &self.wrong
    }

    pub(crate) fn milliseconds_of_children(&self) -> Result<f64, String> {
        processor_time_of_children(self.pid)
    }

    pub(crate) fn holdings(&self) -> Result<Holdings, String> {
        Holdings::of(self.pid)
    }

    pub(crate) fn kilobytes(&self, key: &str) -> Result<Samples, String> {
        kilobytes(self.pid, key).map(|kilobytes| Samples::from_iter([kilobytes]))
    }

    /// Hangs up; what is left is a process that nobody asks anything.
    pub(crate) fn hang_up(self) -> Alone {
        Alone { pid: self.pid }
    }
}

/// An exporter that is left alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alone {
    pid: u32,
}

impl Alone {
    /// Processor time, and how often it went to sleep, so far.
    pub(crate) fn account(self) -> Result<[f64; 2], String> {
        Ok([processor_time(self.pid)?, sleeps(self.pid)?])
    }
}
