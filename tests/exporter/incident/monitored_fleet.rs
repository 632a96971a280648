//! The fleet that things happen to, and who watches it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use mosaic_harness::{Binaries, Deadline, ExporterProcess, Fleet, PrometheusServer, RosterFleet, UnitFleet};

use crate::incident::alert_states::Alerts;
use crate::incident::dashboard_panels::Panels;

/// Hands out the work, and is harmed last.
pub(crate) const MOS: &str = "mos";
/// Is not started again when it ends.
pub(crate) const MORTAL: &str = "coder0";
/// Ends again and again.
pub(crate) const RESTLESS: &str = "coder1";
/// Is watched by a sidecar that hangs.
pub(crate) const WATCHED: &str = "coder2";
/// All of them.
pub(crate) const AGENTS: [&str; 4] = [MOS, MORTAL, RESTLESS, WATCHED];

/// A label's value that has everything in it that has to be escaped. The roster allows none like it: no class,
/// name or runtime has these letters. The tenant is the one label that somebody else names.
pub(crate) const TENANT: &str = "the \"night\\shift\"\nof {jarvis} \\n";

/// What the shipped configuration calls the host.
pub(crate) const INSTANCE: &str = "this-host";

/// How old what an exporter tells may be.
const FRESH: f64 = 1.0;

/// A fleet with its exporter, and a Prometheus with what is shipped for it.
pub(crate) struct Incident {
    pub(crate) prometheus: PrometheusServer,
    pub(crate) exporter: ExporterProcess,
    pub(crate) fleet: RosterFleet,
    alerts: Alerts,
    panels: Panels,
}

impl Incident {
    /// All runs, and nothing has happened yet.
    pub(crate) fn begin_or_skip() -> Option<Self> {
        // Heartbeats that come often are late soon.
        let fleet = RosterFleet::installed_or_skip(Fleet::builder(), &AGENTS, "0.5")?;
        fleet.write_roster(&fleet.roster().replace("name: coder0,", "name: coder0, restart: \"no\","));
        fleet.install();
        let exporter = exporter(&fleet);
        let configuration = configuration(&format!("'{}'", exporter.address()));
        let prometheus = PrometheusServer::start_or_skip(fleet.units().fleet(), &configuration)?;
        // The test is in more of a hurry than a site, and does not want to be given up.
        fleet.units().drop_in(RESTLESS, "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=50ms\n");
        fleet.units().drop_in(WATCHED, "[Service]\nWatchdogSec=0\n");
        fleet.start(&AGENTS);
        let alerts = Alerts::of(&prometheus);
        Some(Self { alerts, panels: Panels::with(INSTANCE, &AGENTS), prometheus, exporter, fleet })
    }

    /// Nobody is to be scraped any more.
    pub(crate) fn scrape_nobody(&self) {
        self.prometheus.reload(&configuration(""));
    }

    /// After something was done: Prometheus has seen it, these alerts are those that come of it, and every
    /// panel answers.
    #[track_caller]
    pub(crate) fn shows(&mut self, alerts: &[&str]) {
        self.wait_scrape();
        self.alerts.expect(&self.prometheus, alerts);
        self.panels.ask(&self.prometheus);
    }

    /// As [`shows`](Self::shows), where there is nothing left to scrape.
    #[track_caller]
    pub(crate) fn shows_unscraped(&mut self, alerts: &[&str]) {
        self.alerts.expect(&self.prometheus, alerts);
        self.panels.ask(&self.prometheus);
    }

    /// An alert has returned what it should in another way.
    pub(crate) fn has_shown(&mut self, alert: &str) {
        self.alerts.note(alert);
    }

    /// Nothing here can say whether the user lingers: what needs that shows nothing.
    pub(crate) fn without_linger(&mut self) {
        self.alerts.note("MosaicLingerOff");
        self.panels.excuse("mosaic_linger_enabled");
    }

    /// Nothing that an alert or a panel is there for was left out.
    pub(crate) fn end(self) {
        self.alerts.assert_each_has_shown(&self.prometheus);
        self.panels.assert_each_has_shown();
    }

    /// What an alert would say with another threshold.
    pub(crate) fn with_threshold(&self, alert: &str, threshold: &str, other: &str) -> String {
        self.alerts.with_threshold(alert, threshold, other)
    }

    /// The text of an alert that Prometheus has now.
    #[track_caller]
    pub(crate) fn description(&self, alert: &str) -> String {
        Alerts::description(&self.prometheus, alert)
    }

    /// What an expression gives now, by a label. No two of its series have the same.
    #[track_caller]
    pub(crate) fn by(&self, label: &str, expression: &str) -> BTreeMap<String, f64> {
        let series = self.prometheus.instant(expression);
        let map: BTreeMap<_, _> =
            series.iter().map(|series| (series.label(label).to_owned(), series.value())).collect();
        assert_eq!(map.len(), series.len(), "{expression}: {series:#?}");
        map
    }

    /// The names of the agents of which an expression has a series.
    #[track_caller]
    pub(crate) fn agents_in(&self, expression: &str) -> Vec<String> {
        self.by("agent", expression).into_keys().collect()
    }

    /// What one of a panel's queries gives, by a label.
    #[track_caller]
    pub(crate) fn panel(&self, title: &str, query: usize, label: &str) -> BTreeMap<String, f64> {
        self.by(label, self.panels.of_fleet(title)[query])
    }

    /// The one number of a panel.
    #[track_caller]
    pub(crate) fn number(&self, title: &str) -> f64 {
        let found = self.panel(title, 0, "");
        assert_eq!(found.len(), 1, "{title}");
        found[""]
    }

    /// What one of an agent's panels shows, which is one number.
    #[track_caller]
    pub(crate) fn panel_of_agent(&self, agent: &str, title: &str) -> f64 {
        let found = self.by("agent", self.panels.of_agent(agent, title)[0]);
        assert_eq!(found.keys().collect::<Vec<_>>(), [agent], "{title}");
        found[agent]
    }

    /// Of what the agents' units are.
    pub(crate) fn systemctl(&self, verb: &str, agent: &str) {
        self.fleet.units().manager().systemctl_ok(&[verb, &UnitFleet::unit(agent)]);
    }

    /// tmux on the fleet's server, which has to do it.
    #[track_caller]
    pub(crate) fn tmux(&self, arguments: &[&str]) {
        let output = self.fleet.units().fleet().tmux(arguments);
        assert!(output.status.success(), "{output:?}");
    }

    /// Waits until Prometheus has a scrape that is about now, or a later moment.
    #[track_caller]
    fn wait_scrape(&self) {
        let event = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        let deadline = Deadline::default();
        while self.by("job", r#"timestamp(up{job="mosaic-fleet"})"#).get("mosaic-fleet") < Some(&(event + FRESH)) {
            // Prometheus tells nobody when it has scraped.
            std::thread::sleep(Duration::from_millis(50));
            assert!(!deadline.passed(), "Prometheus does not scrape");
        }
    }
}

/// As it is installed, for a tenant of that name.
fn exporter(fleet: &RosterFleet) -> ExporterProcess {
    let program = fleet.units().fleet().mosaic_home().join("tools/fleet/mosaic-fleet-exporter");
    let mut command = fleet.units().manager().command(program);
    command.env("MOSAIC_TENANT", TENANT);
    ExporterProcess::start(command)
}

/// The shipped one, but for its target, how often it looks, and to whom it tells.
fn configuration(target: &str) -> String {
    let shipped = Binaries::workspace().join("dashboards/prometheus").canonicalize().unwrap();
    let rules = shipped.join("mosaic-fleet.rules.yml").display().to_string();
    let text = std::fs::read_to_string(shipped.join("prometheus.yml")).unwrap();
    let (before, after) = text.split_once("alerting:\n").unwrap();
    let after = after.split_once("scrape_configs:\n").unwrap().1;
    let changes = [
        ("scrape_interval: 15s", "scrape_interval: 1s"),
        ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        ("- mosaic-fleet.rules.yml", &format!("- {rules}")),
        ("['127.0.0.1:27871']", &format!("[{target}]")),
    ];
    changes.iter().fold(format!("{before}scrape_configs:\n{after}"), |text, (shipped, ours)| {
        assert_eq!(text.matches(shipped).count(), 1, "{shipped}: {text}");
        text.replace(shipped, ours)
    })
}
