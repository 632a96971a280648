//! Failures of the monitoring itself, and the healthy fleet before them.

use std::collections::BTreeSet;

use mosaic_harness::{ProcessWatch, StoppedProcess, is_root_or_skip};
use rustix::process::Signal;

use crate::incident::dashboard_panels::Panels;
use crate::incident::monitored_fleet::{AGENTS, INSTANCE, Incident, TENANT, web_config};

/// The Accept header of current Prometheus versions.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// The alerts that earlier failures keep active.
const EARLIER: [&str; 3] =
    ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1", "MosaicHolderRestarted"];

pub(crate) fn healthy_fleet(incident: &mut Incident) {
    incident.expect_alerts(&[]);
    let sources = ["heartbeat", "process", "roster", "systemd", "tmux"];
    assert_eq!(incident.by("collector", "mosaic_collector_success"), sources.map(|name| (name.to_owned(), 1.0)).into());
    assert_eq!(incident.by("", "mosaic_verify_passed")[""], 1.0);
    assert_eq!(incident.agents_in("mosaic_agent_condition{condition=\"up\"} == 1"), sorted(&AGENTS));
    assert_eq!([incident.number("Agents up"), incident.number("Need attention")], [4.0, 0.0]);
    assert_scrape_is_complete(incident);
    Panels::assert_choices(&incident.prometheus, INSTANCE, &AGENTS);
    let info = incident.prometheus.instant("mosaic_fleet_info");
    assert_eq!(info[0].label("tenant"), TENANT);
}

/// Prometheus and the exporter negotiate a format, and every sample arrives.
fn assert_scrape_is_complete(incident: &Incident) {
    let answer = incident.exporter.get_with("/metrics", &[("Accept", ACCEPT)]);
    assert!(answer.header("Content-Type").unwrap().starts_with("application/openmetrics-text"), "{answer:?}");
    let packed = incident.exporter.get_with("/metrics", &[("Accept", ACCEPT), ("Accept-Encoding", "gzip")]);
    assert_eq!((packed.header("Content-Encoding"), &packed.body[..2]), (Some("gzip"), &[0x1f, 0x8b][..]));
    let text = answer.text();
    let samples = text.lines().filter(|line| !line.starts_with('#')).count();
    let of_prometheus = |name: &str| incident.by("job", name)["mosaic-fleet"];
    assert_eq!(
        [of_prometheus("up"), of_prometheus("scrape_samples_scraped")],
        [1.0, f64::from(u32::try_from(samples).unwrap())],
        "{text}"
    );
    // In OpenMetrics the name of a counter family has no `_total`.
    let metadata = incident.prometheus.api("metadata", &[("metric", "mosaic_agent_starts")]);
    assert_eq!(metadata["mosaic_agent_starts"][0]["type"], "counter", "{metadata:#}");
}

/// The exporter continues with the previous configuration. `promtool test rules` covers the certificate that expires.
pub(crate) fn invalid_web_configuration(incident: &mut Incident) {
    let file = web_config(&incident.fleet);
    std::fs::write(&file, "basic_auth_user: {}\n").unwrap();
    incident.expect_alerts(&["MosaicWebConfigInvalid"]);
    std::fs::write(&file, "").unwrap();
    incident.expect_alerts(&[]);
    incident.mark_shown("MosaicCertificateExpires");
}

/// Without logind there is no series for linger, and no alert.
pub(crate) fn disabled_linger(incident: &mut Incident) {
    assert_eq!(incident.by("", "mosaic_linger_enabled").len(), 0);
    if !is_root_or_skip("a mount") {
        incident.without_linger();
        return;
    }
    let sh = |incident: &Incident, script: &str| {
        let output = incident.fleet.units().manager().command("sh").args(["-euc", script]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    sh(incident, "mount -t tmpfs tmpfs /var/lib/systemd && mkdir -p /var/lib/systemd/linger /run/systemd/users");
    incident.expect_alerts(&["MosaicLingerOff"]);
    sh(incident, "touch /var/lib/systemd/linger/root");
    incident.expect_alerts(&[]);
    assert_eq!(incident.by("", "mosaic_linger_enabled")[""], 1.0);
}

/// Without a bus, `systemctl` is used and nothing is missing. A hung bus or manager fails only the systemd collector.
pub(crate) fn hung_bus_and_manager(incident: &mut Incident) {
    let hangs = [&EARLIER[..], &["MosaicCollectorFailed collector=systemd"]].concat();
    let bus = StoppedProcess::new(only(incident, "dbus-daemon"));
    incident.expect_alerts(&hangs);
    assert_only_units_are_missing(incident);
    drop(bus);
    incident.expect_alerts(&EARLIER);

    incident.fleet.units().manager().systemctl_ok(&["stop", "dbus.socket", "dbus.service"]);
    incident.expect_alerts(&EARLIER);
    assert_eq!(incident.agents_in("mosaic_agent_unit_state == 1"), sorted(&AGENTS));

    let manager = StoppedProcess::new(only(incident, "systemd"));
    incident.expect_alerts(&hangs);
    assert_only_units_are_missing(incident);
    drop(manager);
    incident.expect_alerts(&EARLIER);
}

fn assert_only_units_are_missing(incident: &Incident) {
    assert_eq!(incident.panel("Hosts", 0, "job"), [("mosaic-fleet".to_owned(), 1.0)].into());
    assert_eq!(incident.number("Collectors failed"), 1.0);
    assert_eq!(incident.agents_in("mosaic_agent_unit_state{state=\"active\"}"), [""; 0]);
    let alive = sorted(&["mos", "coder1", "coder2"]);
    assert_eq!(incident.agents_in("mosaic_agent_condition{condition=\"up\"} == 1"), alive);
    assert_eq!(incident.agents_in("mosaic_agent_process_alive == 1"), alive);
    assert_eq!(incident.agents_in("mosaic_agent_memory_bytes"), alive);
    assert_eq!(incident.agents_in("mosaic_agent_last_output_timestamp_seconds"), alive);
    for name in ["mosaic_agent_info", "mosaic_agent_starts_total", "mosaic_agent_heartbeat_timestamp_seconds"] {
        assert_eq!(incident.agents_in(name), sorted(&AGENTS), "{name}");
    }
}

/// Without an exporter there are no alerts about agents, except those about the past.
pub(crate) fn killed_exporter(incident: &mut Incident) {
    let process = incident.exporter.process();
    process.signal(Signal::KILL.as_raw());
    process.wait();
    let lasting = ["MosaicAgentFlapping agent=coder1", "MosaicHolderRestarted", "MosaicExporterDown"];
    incident.expect_alerts(&lasting);
    assert_eq!(incident.number("Exporters down"), 1.0);
    assert_eq!(incident.panel("Hosts", 0, "job"), [("mosaic-fleet".to_owned(), 0.0)].into());
    assert_eq!(incident.agents_in("mosaic_agent_condition"), [""; 0]);
}

pub(crate) fn removed_scrape_target(incident: &mut Incident) {
    incident.remove_target();
    incident.expect_alerts_without_target(&[
        "MosaicAgentFlapping agent=coder1",
        "MosaicHolderRestarted",
        "MosaicExporterAbsent",
    ]);
}

/// The one process of this program in the fleet.
fn only(incident: &Incident, program: &str) -> ProcessWatch {
    let found = incident.fleet.units().fleet().processes_named(program);
    let [pid] = found[..] else { panic!("{program}: {found:?}") };
    ProcessWatch::new(pid).unwrap()
}

fn sorted(agents: &[&str]) -> Vec<String> {
    agents.iter().map(|agent| (*agent).to_owned()).collect::<BTreeSet<_>>().into_iter().collect()
}
