//! What watches the fleet, and what befalls it.

use std::collections::BTreeSet;

use mosaic_harness::{Frozen, ProcessWatch, is_root_or_skip};
use rustix::process::Signal;

use crate::incident::dashboard_panels::Panels;
use crate::incident::monitored_fleet::{AGENTS, INSTANCE, Incident, TENANT};

/// What a Prometheus of today sends.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// What stays from before: who was killed for good, and who was again and again.
const BEFORE: [&str; 3] = ["MosaicAgentDown agent=coder0", "MosaicAgentFlapping agent=coder1", "MosaicHolderRestarted"];

pub(crate) fn all_is_well(incident: &mut Incident) {
    incident.shows(&[]);
    let sources = ["heartbeat", "process", "roster", "systemd", "tmux"];
    assert_eq!(incident.by("collector", "mosaic_collector_success"), sources.map(|name| (name.to_owned(), 1.0)).into());
    assert_eq!(incident.by("", "mosaic_verify_passed")[""], 1.0);
    assert_eq!(incident.agents_in("mosaic_agent_condition{condition=\"up\"} == 1"), sorted(&AGENTS));
    assert_eq!([incident.number("Agents up"), incident.number("Need attention")], [4.0, 0.0]);
    the_scrape_is_whole(incident);
    Panels::assert_choices(&incident.prometheus, INSTANCE, &AGENTS);
    let told = incident.prometheus.instant("mosaic_fleet_info");
    assert_eq!(told[0].label("tenant"), TENANT);
}

/// Prometheus and the exporter agree on a format by themselves, and every sample arrives.
fn the_scrape_is_whole(incident: &Incident) {
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
    // In the older format a counter's own name has the ending.
    let metadata = incident.prometheus.api("metadata", &[("metric", "mosaic_agent_starts")]);
    assert_eq!(metadata["mosaic_agent_starts"][0]["type"], "counter", "{metadata:#}");
}

/// Where nothing says whether the user lingers there is no series, and no alert.
pub(crate) fn linger_is_off(incident: &mut Incident) {
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
    incident.shows(&["MosaicLingerOff"]);
    sh(incident, "touch /var/lib/systemd/linger/root");
    incident.shows(&[]);
    assert_eq!(incident.by("", "mosaic_linger_enabled")[""], 1.0);
}

/// Without a bus `systemctl` is asked, and nothing is missing. Whatever hangs costs what only it knows.
pub(crate) fn the_bus_is_cut_and_the_manager_hangs(incident: &mut Incident) {
    let hangs = [&BEFORE[..], &["MosaicCollectorFailed collector=systemd"]].concat();
    let bus = Frozen::new(only(incident, "dbus-daemon"));
    incident.shows(&hangs);
    all_but_units_is_told(incident);
    drop(bus);
    incident.shows(&BEFORE);

    incident.fleet.units().manager().systemctl_ok(&["stop", "dbus.socket", "dbus.service"]);
    incident.shows(&BEFORE);
    assert_eq!(incident.agents_in("mosaic_agent_unit_state == 1"), sorted(&AGENTS));

    let manager = Frozen::new(only(incident, "systemd"));
    incident.shows(&hangs);
    all_but_units_is_told(incident);
    drop(manager);
    incident.shows(&BEFORE);
}

fn all_but_units_is_told(incident: &Incident) {
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

/// Nothing is known of the agents, and nothing is said of them: what stays looks back.
pub(crate) fn the_exporter_is_killed(incident: &mut Incident) {
    let process = incident.exporter.process();
    process.signal(Signal::KILL.as_raw());
    process.wait();
    let lasting = ["MosaicAgentFlapping agent=coder1", "MosaicHolderRestarted", "MosaicExporterDown"];
    incident.shows(&lasting);
    assert_eq!(incident.number("Exporters down"), 1.0);
    assert_eq!(incident.panel("Hosts", 0, "job"), [("mosaic-fleet".to_owned(), 0.0)].into());
    assert_eq!(incident.agents_in("mosaic_agent_condition"), [""; 0]);
}

pub(crate) fn nobody_scrapes_any_more(incident: &mut Incident) {
    incident.scrape_nobody();
    incident.shows_unscraped(&["MosaicAgentFlapping agent=coder1", "MosaicHolderRestarted", "MosaicExporterAbsent"]);
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
