//! A fleet whose page is open in a browser.

use mosaic_harness::{Binaries, Browser, ExporterProcess, RosterFleet};

/// The agents, the first of them the orchestrator.
const AGENTS: [&str; 3] = ["mos", "coder0", "coder1"];

/// The live page of a running fleet.
pub(crate) struct OpenPage {
    pub(crate) browser: Browser,
    pub(crate) exporter: ExporterProcess,
    pub(crate) fleet: RosterFleet,
}

impl OpenPage {
    /// Starts everything; `None` without a browser or a user manager.
    pub(crate) fn or_skip() -> Option<Self> {
        let browser = Browser::start_or_skip()?;
        let fleet = RosterFleet::up_or_skip(&AGENTS)?;
        let exporter = fleet.exporter(&[]);
        let page = Self { browser, exporter, fleet };
        page.browser.open(&page.address());
        page.wait_until_live();
        Some(page)
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}/", self.exporter.address())
    }

    /// Reports the activity of an agent.
    pub(crate) fn report(&self, agent: &str, words: &[&str]) {
        let mut command = self.fleet.units().fleet().command(Binaries::mosaic());
        let status = command.args(["agent", "report"]).args(words).env("MOSAIC_AGENT_NAME", agent).status();
        assert!(status.unwrap().success(), "{agent}: {words:?}");
    }

    /// Reports different activities and waits until the page shows them.
    pub(crate) fn report_various(&self) {
        self.report("mos", &["working", "--task", "the exporter of issue 4"]);
        self.report("coder0", &["blocked", "--reason", "the review of 41 is open, and has no reviewer yet"]);
        self.report("coder1", &["waiting", "--reason", "login: 401"]);
        let _ = self.browser.wait_for(
            "const shown = (id) => document.getElementById(id).rows[0].cells[2].className;
            return shown('a-mos') === 'working' && shown('a-coder0') === 'blocked' && shown('a-coder1') === 'barred'",
        );
    }

    pub(crate) fn wait_until_live(&self) {
        let _ = self.browser.wait_for("return document.documentElement.classList.contains('live')");
    }
}
