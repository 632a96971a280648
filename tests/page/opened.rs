//! A fleet whose page somebody has open.

use harness::{Browser, ExporterProcess, RosterFleet};

/// The agents, the first of them the orchestrator.
const AGENTS: [&str; 3] = ["mos", "coder0", "coder1"];

/// The page of a fleet that runs; what it shows is live.
pub(crate) struct Opened {
    pub(crate) browser: Browser,
    pub(crate) exporter: ExporterProcess,
    pub(crate) fleet: RosterFleet,
}

impl Opened {
    /// Everything started; `None` where there is no browser or no user manager.
    pub(crate) fn or_skip() -> Option<Self> {
        let browser = Browser::start_or_skip()?;
        let fleet = RosterFleet::up_or_skip(&AGENTS)?;
        let exporter = fleet.exporter(&[]);
        let opened = Self { browser, exporter, fleet };
        opened.browser.open(&opened.address());
        opened.wait_until_live();
        Some(opened)
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}/", self.exporter.address())
    }

    pub(crate) fn wait_until_live(&self) {
        let _ = self.browser.wait_for("return document.documentElement.classList.contains('live')");
    }
}
