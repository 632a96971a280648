//! A fleet whose page somebody has open.

use mosaic_harness::{Binaries, Browser, ExporterProcess, RosterFleet};

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

    /// An agent says what it does.
    pub(crate) fn report(&self, agent: &str, words: &[&str]) {
        let mut command = self.fleet.units().fleet().command(Binaries::mosaic());
        let status = command.args(["agent", "report"]).args(words).env("MOSAIC_AGENT_NAME", agent).status();
        assert!(status.unwrap().success(), "{agent}: {words:?}");
    }

    /// Agents at different things, and the page shows all of it.
    pub(crate) fn report_various(&self) {
        self.report("mos", &["working", "--task", "the exporter of issue 4"]);
        self.report("coder0", &["blocked", "--reason", "the review of 41 is open, and nobody has looked at it yet"]);
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
