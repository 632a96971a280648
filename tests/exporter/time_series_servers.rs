//! Queries and rules mean the same in Prometheus and in `VictoriaMetrics`, which differ in the age of what they answer
//! and in how they count a new counter.

use std::fmt::Write;
use std::fs;
use std::time::{Duration, SystemTime};

use mosaic_harness::{
    Binaries, Deadline, ExporterProcess, Fleet, PrometheusSeries, PrometheusServer, VictoriaMetrics,
    assert_vmalert_accepts,
};
use serde_json::Value;

/// A configuration that scrapes an exporter every second.
fn scrape_configuration(exporter: &ExporterProcess) -> String {
    format!(
        "global:\n  scrape_interval: 1s\nscrape_configs:\n- job_name: mosaic-fleet\n  static_configs:\n  - targets: \
         ['{}']\n",
        exporter.address()
    )
}

fn write_roster(fleet: &Fleet, agents: &[&str]) {
    let entry = |agent: &&str| format!("  - {{ name: {agent}, class: implementer, command: \"sleep 1\" }}\n");
    let entries: String = agents.iter().map(entry).collect();
    let path = fleet.mosaic_home().join("fleet/roster.yaml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("version: 1\ntransport: tmux\ndefaults: {{ runtime: pi }}\nagents:\n{entries}")).unwrap();
}

/// The output of `mosaic fleet ps --prometheus`, as a page and as JSON.
fn ps(fleet: &Fleet, url: &str) -> (String, Value) {
    let output = |further: &[&str]| {
        let mut command = fleet.command(Binaries::mosaic());
        let output = command.args(["fleet", "ps", "--prometheus", url]).args(further).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    (output(&[]), serde_json::from_str(&output(&["--json"])).unwrap())
}

fn wait(what: &str, holds: impl Fn() -> bool) {
    let deadline = Deadline::default();
    while !holds() {
        assert!(!deadline.passed(), "{what}");
        // A server has no event for a scrape.
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What `ps` shows is what the server has, as soon as the server has it, and with its true age.
fn ps_shows_what_the_server_has(
    fleet: &Fleet,
    exporter: ExporterProcess,
    url: &str,
    instant: impl Fn(&str) -> Vec<PrometheusSeries>,
) {
    wait("the exporter is not scraped", || instant("mosaic_agent_info").len() == 1);
    write_roster(fleet, &["mos", "coder0"]);
    wait("the second agent is not scraped", || instant("mosaic_agent_info").len() == 2);
    let (page, json) = ps(fleet, url);
    let host = &json["hosts"][0];
    assert_eq!(host["agents"].as_array().unwrap().len(), 2, "{json:#}");
    assert!(page.contains("coder0") && host["up"] == true, "{page}");

    // The exporter lived for seconds, far less than the five minutes after which Prometheus forgets a series.
    drop(exporter);
    wait("the end of the exporter is not noticed", || instant("up").iter().any(|up| up.value() < 0.5));
    let (page, json) = ps(fleet, url);
    let host = &json["hosts"][0];
    assert_eq!((&host["up"], &host["current"]), (&false.into(), &false.into()), "{json:#}");
    assert!(host["sampleAgeSeconds"].as_f64().is_some_and(|age| age < 300.0), "{json:#}");
    assert!(page.contains("exporter down, seen "), "{page}");
}

fn exporter(fleet: &Fleet) -> ExporterProcess {
    write_roster(fleet, &["mos"]);
    ExporterProcess::start(fleet.command(Binaries::exporter()))
}

#[test]
fn ps_shows_the_newest_samples_of_victoria_metrics() {
    let fleet = Fleet::new();
    let exporter = exporter(&fleet);
    let Some(server) = VictoriaMetrics::start_or_skip(&fleet, &scrape_configuration(&exporter)) else { return };
    ps_shows_what_the_server_has(&fleet, exporter, &server.url(), |query| server.instant(query, None));
}

#[test]
fn ps_shows_the_newest_samples_of_prometheus() {
    let fleet = Fleet::new();
    let exporter = exporter(&fleet);
    let Some(server) = PrometheusServer::start_or_skip(&fleet, &scrape_configuration(&exporter)) else { return };
    ps_shows_what_the_server_has(&fleet, exporter, &server.url(), |query| server.instant(query));
}

fn rules_text() -> String {
    fs::read_to_string(Binaries::workspace().join("dashboards/prometheus/mosaic-fleet.rules.yml")).unwrap()
}

/// The expression of each rule, by the name of the rule.
fn expressions() -> Vec<(String, String)> {
    let file: Value = serde_saphyr::from_str(&rules_text()).unwrap();
    let groups = file["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    rules.map(|rule| (text(&rule["alert"]).or(text(&rule["record"])).unwrap(), text(&rule["expr"]).unwrap())).collect()
}

#[test]
fn vmalert_accepts_the_rules() {
    let directory = tempfile::tempdir().unwrap();
    let rules = directory.path().join("rules.yml");
    // Debian's vmalert is older than `keep_firing_for`.
    let lines = rules_text()
        .lines()
        .filter(|line| !line.contains("keep_firing_for:"))
        .fold(String::new(), |text, line| text + line + "\n");
    fs::write(&rules, lines).unwrap();
    assert_vmalert_accepts(&rules);
}

/// `dashboards/prometheus/tests` has the same cases for Prometheus.
#[test]
fn starts_before_the_first_scrape_do_not_count_in_victoria_metrics() {
    let fleet = Fleet::new();
    let Some(server) = VictoriaMetrics::start_or_skip(&fleet, "scrape_configs: []\n") else { return };
    let now = i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).unwrap();
    // The counters of each minute up to now.
    let agents: [(&str, Vec<u32>); 4] = [
        ("new", vec![7; 20]),
        ("flapping", [vec![1; 40], vec![2; 10], vec![3; 10], vec![4; 5], vec![5; 5]].concat()),
        ("new-flapping", [vec![7; 5], vec![9; 5], vec![11; 5]].concat()),
        ("boot", [vec![40; 70], vec![1; 30]].concat()),
    ];
    let mut samples = String::new();
    for (agent, values) in &agents {
        let labels = format!("instance=\"w1\",job=\"mosaic-fleet\",agent=\"{agent}\"");
        let start = now - 60 * i64::try_from(values.len() - 1).unwrap();
        for (minute, value) in (0..).zip(values) {
            let at = (start + 60 * minute) * 1000;
            writeln!(samples, "mosaic_agent_starts_total{{{labels}}} {value} {at}").unwrap();
            writeln!(samples, "mosaic_agent_info{{{labels},runtime=\"pi\",class=\"worker\",unit=\"u\"}} 1 {at}")
                .unwrap();
        }
    }
    server.import(&samples);
    let expressions = expressions();
    let starts = expressions.iter().find(|(name, _)| name == "instance_agent:mosaic_agent_starts:increase1h");
    let found = server.instant(&starts.unwrap().1, Some(now));
    let mut found: Vec<(&str, f64)> = found.iter().map(|series| (series.label("agent"), series.value())).collect();
    found.sort_by(|one, other| one.0.cmp(other.0));
    assert_eq!(found, [("boot", 1.0), ("flapping", 4.0), ("new", 0.0), ("new-flapping", 4.0)]);
    // Every other rule is valid there, too.
    for (_, expression) in expressions {
        let _ = server.instant(&expression, Some(now));
    }
}
