//! A scraped exporter and the processes that do work for its responses.

use crate::process_stats::{
    ResourceCounts, processor_time, processor_time_of_children, status_kilobytes, voluntary_switches,
};
use crate::roster_fixture::RosterFixture;
use crate::samples::Samples;
use crate::scraper::{Encoding, Scrape, Scraper};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

/// The other processes that do work for a response: a label and the name of the program.
pub(crate) const SERVED_BY: [(&str, &str); 3] =
    [("the user manager", "systemd"), ("its bus", "dbus-daemon"), ("the tmux server", "tmux: server")];

/// Checks a response for a number of agents.
pub(crate) type Check = fn(&Scrape, usize) -> Result<(), String>;

/// One of the compared exporters.
#[derive(Debug)]
pub(crate) struct ScrapedExporter {
    pid: u32,
    scraper: Scraper,
    check: Check,
    agents: usize,
    others: Vec<u32>,
    scrapes: usize,
    /// A line for each response that failed the check.
    failures: Vec<String>,
    /// The durations of the measured scrapes, for each encoding.
    pub(crate) took: [Samples; 2],
    /// The CPU time per scrape of the exporter and of the other processes.
    pub(crate) cost: [Samples; SERVED_BY.len() + 1],
}

impl ScrapedExporter {
    /// Connects to a running exporter and checks one response in each encoding.
    pub(crate) fn new(fixture: &RosterFixture, pid: u32, address: SocketAddr, check: Check) -> Result<Self, String> {
        let others: Result<_, String> = SERVED_BY.into_iter().map(|(_, name)| fixture.process(name)).collect();
        let scraper = Scraper::connect(address)?;
        let agents = fixture.agents().len();
        let (took, cost) = (Default::default(), Default::default());
        let mut exporter =
            Self { pid, scraper, check, agents, others: others?, scrapes: 0, failures: Vec::new(), took, cost };
        for encoding in Encoding::BOTH {
            exporter.scrape(encoding)?;
        }
        match exporter.failures.pop() {
            None => Ok(exporter),
            Some(failures) => Err(failures),
        }
    }

    /// Scrapes and checks the response without measuring it.
    pub(crate) fn scrape(&mut self, encoding: Encoding) -> Result<Scrape, String> {
        let scrape = self.scraper.scrape(encoding)?;
        self.check(&scrape);
        Ok(scrape)
    }

    fn check(&mut self, scrape: &Scrape) {
        self.scrapes += 1;
        self.failures.extend((self.check)(scrape, self.agents).err());
    }

    /// Scrapes, checks the response and records its duration and CPU time.
    pub(crate) fn measure(&mut self, encoding: Encoding) -> Result<Scrape, String> {
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

    /// The number of scrapes so far.
    pub(crate) fn scrapes(&self) -> usize {
        self.scrapes
    }

    /// A line for each response that failed the check.
    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    pub(crate) fn milliseconds_of_children(&self) -> Result<f64, String> {
        processor_time_of_children(self.pid)
    }

    pub(crate) fn resource_counts(&self) -> Result<ResourceCounts, String> {
        ResourceCounts::read(self.pid)
    }

    pub(crate) fn kilobytes(&self, key: &str) -> Result<Samples, String> {
        status_kilobytes(self.pid, key).map(|kilobytes| Samples::from_iter([kilobytes]))
    }

    /// Closes the connection, to measure the idle exporter.
    pub(crate) fn disconnect(self) -> IdleExporter {
        IdleExporter { pid: self.pid }
    }
}

/// An exporter without a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleExporter {
    pid: u32,
}

impl IdleExporter {
    /// The CPU time in milliseconds and the voluntary context switches so far.
    pub(crate) fn usage(self) -> Result<[f64; 2], String> {
        Ok([processor_time(self.pid)?, voluntary_switches(self.pid)?])
    }
}

const PROGRAM: &str = "/usr/bin/prometheus-node-exporter";

/// A running Debian `node_exporter` with only the systemd collector, for the fixture's user manager. It is killed on
/// drop.
#[derive(Debug)]
pub(crate) struct NodeExporter {
    child: Child,
    address: SocketAddr,
}

impl NodeExporter {
    /// Starts a `node_exporter`.
    ///
    /// # Errors
    /// If it is not installed or does not start to listen.
    pub(crate) fn start(fixture: &RosterFixture) -> Result<Self, String> {
        // The collector queries systemd on the system bus; this variable makes that the bus of the user manager.
        let bus = format!("DBUS_SYSTEM_BUS_ADDRESS=unix:path={}/bus", fixture.runtime_directory().display());
        let child = fixture
            .command("env")
            .args([&bus, PROGRAM, "--collector.disable-defaults", "--collector.systemd"])
            .args(["--collector.systemd.unit-include=mosaic-agent@.+", "--web.listen-address=127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{PROGRAM}: {error}"))?;
        // From here on, drop kills the process.
        let mut exporter = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let log = exporter.child.stderr.take().ok_or("no pipe")?;
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let mut last = String::new();
        let address = lines.by_ref().inspect(|line| last.clone_from(line)).find_map(|line| {
            let address = line.contains("Listening on").then(|| line.rsplit_once("address=")?.1.trim().parse().ok());
            address.flatten()
        });
        exporter.address =
            address.ok_or_else(|| format!("{PROGRAM} did not log its address; its last line: {last}"))?;
        // Read the rest of the log, so that the process never blocks on the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(exporter)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
