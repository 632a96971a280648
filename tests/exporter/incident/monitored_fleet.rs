//! The monitored fleet, its exporter and its Prometheus.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use mosaic_harness::{Binaries, Deadline, ExporterProcess, Fleet, PrometheusServer, RosterFleet, UnitFleet};

use crate::incident::alert_states::Alerts;
use crate::incident::dashboard_panels::Panels;

/// The orchestrator, which fails last.
pub(crate) const MOS: &str = "mos";
/// Is not restarted when it ends.
pub(crate) const MORTAL: &str = "coder0";
/// Ends repeatedly.
pub(crate) const RESTLESS: &str = "coder1";
/// Its sidecar hangs.
pub(crate) const WATCHED: &str = "coder2";
/// All agents.
pub(crate) const AGENTS: [&str; 4] = [MOS, MORTAL, RESTLESS, WATCHED];

/// A label value with every character that needs escaping. Only the tenant can have them: the roster does not allow
/// them in names, classes and runtimes.
pub(crate) const TENANT: &str = "the \"night\\shift\"\nof {jarvis} \\n";

/// The name of the host in the shipped configuration.
pub(crate) const INSTANCE: &str = "this-host";

/// The maximum age of an observation of the exporter, in seconds.
const FRESH: f64 = 1.0;

/// A fleet with its exporter, and a Prometheus with the shipped rules.
pub(crate) struct Incident {
    pub(crate) prometheus: PrometheusServer,
    pub(crate) exporter: ExporterProcess,
    pub(crate) fleet: RosterFleet,
    alerts: Alerts,
    panels: Panels,
}

impl Incident {
    /// A healthy fleet.
    pub(crate) fn begin_or_skip() -> Option<Self> {
        // With a short interval, heartbeats become stale soon.
        let fleet = RosterFleet::installed_or_skip(Fleet::builder(), &AGENTS, "0.5")?;
        fleet.write_roster(&fleet.roster().replace("name: coder0,", "name: coder0, restart: \"no\","));
        fleet.install();
        let exporter = exporter(&fleet);
        let configuration = configuration(&format!("'{}'", exporter.address()));
        let prometheus = PrometheusServer::start_or_skip(fleet.units().fleet(), &configuration)?;
        // Restarts must be fast and unlimited.
        fleet.units().drop_in(RESTLESS, "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=50ms\n");
        fleet.units().drop_in(WATCHED, "[Service]\nWatchdogSec=0\n");
        fleet.start(&AGENTS);
        let (mut alerts, mut panels) = (Alerts::load(&prometheus), Panels::new(INSTANCE, &AGENTS));
        // A user manager on hybrid control groups has no memory controller, so nothing is limited here.
        alerts.mark_shown("MosaicAgentOutOfMemory");
        panels.exclude("mosaic_agent_memory_limit_bytes");
        panels.exclude("mosaic_agent_tasks_limit");
        Some(Self { prometheus, exporter, fleet, alerts, panels })
    }

    /// Removes the target from the configuration of Prometheus.
    pub(crate) fn remove_target(&self) {
        self.prometheus.reload(&configuration(""));
    }

    /// Waits for a scrape of the present state, checks the alerts, and queries every panel.
    #[track_caller]
    pub(crate) fn expect_alerts(&mut self, alerts: &[&str]) {
        self.wait_scrape();
        self.alerts.expect(&self.prometheus, alerts);
        self.panels.run_queries(&self.prometheus);
    }

    /// As [`expect_alerts`](Self::expect_alerts), without a target to scrape.
    #[track_caller]
    pub(crate) fn expect_alerts_without_target(&mut self, alerts: &[&str]) {
        self.alerts.expect(&self.prometheus, alerts);
        self.panels.run_queries(&self.prometheus);
    }

    /// Counts an alert as shown that was checked in another way.
    pub(crate) fn mark_shown(&mut self, alert: &str) {
        self.alerts.mark_shown(alert);
    }

    /// Excludes the alert and the panels of linger, which is unknown on this host.
    pub(crate) fn without_linger(&mut self) {
        self.alerts.mark_shown("MosaicLingerOff");
        self.panels.exclude("mosaic_linger_enabled");
    }

    /// Checks that every alert and every panel has shown.
    pub(crate) fn end(self) {
        self.alerts.assert_each_has_shown(&self.prometheus);
        self.panels.assert_each_has_shown();
    }

    /// An alert's expression with another threshold.
    pub(crate) fn with_threshold(&self, alert: &str, threshold: &str, other: &str) -> String {
        self.alerts.with_threshold(alert, threshold, other)
    }

    /// The description of a present alert.
    #[track_caller]
    pub(crate) fn description(&self, alert: &str) -> String {
        Alerts::description(&self.prometheus, alert)
    }

    /// The present values of an expression by a label, which must be unique among its series.
    #[track_caller]
    pub(crate) fn by(&self, label: &str, expression: &str) -> BTreeMap<String, f64> {
        let series = self.prometheus.instant(expression);
        let map: BTreeMap<_, _> =
            series.iter().map(|series| (series.label(label).to_owned(), series.value())).collect();
        assert_eq!(map.len(), series.len(), "{expression}: {series:#?}");
        map
    }

    /// The agents for which an expression has a series.
    #[track_caller]
    pub(crate) fn agents_in(&self, expression: &str) -> Vec<String> {
        self.by("agent", expression).into_keys().collect()
    }

    /// The values of one of a panel's queries by a label.
    #[track_caller]
    pub(crate) fn panel(&self, title: &str, query: usize, label: &str) -> BTreeMap<String, f64> {
        self.by(label, self.panels.of_fleet(title)[query])
    }

    /// The single number of a panel.
    #[track_caller]
    pub(crate) fn number(&self, title: &str) -> f64 {
        let found = self.panel(title, 0, "");
        assert_eq!(found.len(), 1, "{title}");
        found[""]
    }

    /// The single number of one of an agent's panels.
    #[track_caller]
    pub(crate) fn panel_of_agent(&self, agent: &str, title: &str) -> f64 {
        let found = self.by("agent", self.panels.of_agent(agent, title)[0]);
        assert_eq!(found.keys().collect::<Vec<_>>(), [agent], "{title}");
        found[agent]
    }

    /// `systemctl` on an agent's unit.
    pub(crate) fn systemctl(&self, verb: &str, agent: &str) {
        self.fleet.units().manager().systemctl_ok(&[verb, &UnitFleet::unit(agent)]);
    }

    /// A tmux command on the fleet's server, which must succeed.
    #[track_caller]
    pub(crate) fn tmux(&self, arguments: &[&str]) {
        let output = self.fleet.units().fleet().tmux(arguments);
        assert!(output.status.success(), "{output:?}");
    }

    /// Waits until Prometheus has a scrape of the present state.
    #[track_caller]
    fn wait_scrape(&self) {
        let event = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
        let deadline = Deadline::default();
        while self.by("job", r#"timestamp(up{job="mosaic-fleet"})"#).get("mosaic-fleet") < Some(&(event + FRESH)) {
            // Prometheus has no event for a scrape.
            std::thread::sleep(Duration::from_millis(50));
            assert!(!deadline.passed(), "Prometheus does not scrape");
        }
    }
}

/// The web configuration of the exporter, which sets nothing.
pub(crate) fn web_config(fleet: &RosterFleet) -> PathBuf {
    fleet.units().fleet().mosaic_home().join("fleet/web-config.yml")
}

/// The installed exporter, for the tenant above.
fn exporter(fleet: &RosterFleet) -> ExporterProcess {
    let program = fleet.units().fleet().mosaic_home().join("tools/fleet/mosaic-fleet-exporter");
    let mut command = fleet.units().manager().command(program);
    std::fs::write(web_config(fleet), "").unwrap();
    command.env("MOSAIC_TENANT", TENANT).arg("--web.config.file").arg(web_config(fleet));
    ExporterProcess::start(command)
}

/// The shipped configuration with another target and shorter intervals, and without alerting.
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
