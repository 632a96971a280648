//! `dashboards/prometheus`: promtool accepts the rules and the sample configurations, every alert has cases in which it
//! fires and in which it does not, and every alert has a runbook section.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mosaic_harness::{Binaries, required_program};
use mosaic_metrics::{EXPORTER_FAMILIES, FAMILIES};
use serde_json::Value;

/// The alert that always fires.
const WATCHDOG: &str = "MosaicWatchdog";

fn directory() -> PathBuf {
    Binaries::workspace().join("dashboards/prometheus")
}

fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files with promtool's test cases.
fn case_files() -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(directory().join("tests")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.iter().all(|file| file.extension().is_some_and(|extension| extension == "yml")), "{files:?}");
    files
}

/// The rules that have this key: `alert` or `record`.
fn rules(key: &str) -> Vec<Value> {
    let file = yaml(&directory().join("mosaic-fleet.rules.yml"));
    let groups = file["groups"].as_array().unwrap();
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().unwrap());
    let rules: Vec<_> = rules.filter(|rule| rule[key].is_string()).cloned().collect();
    assert!(!rules.is_empty(), "no rule with '{key}'");
    rules
}

/// All cases of one kind in all files.
fn cases(kind: &str) -> Vec<Value> {
    let groups = case_files().into_iter().flat_map(|file| yaml(&file)["tests"].as_array().unwrap().clone());
    groups.flat_map(|group| group[kind].as_array().cloned().unwrap_or_default()).collect()
}

fn text<'a>(value: &'a Value, what: &str) -> &'a str {
    value.as_str().unwrap_or_else(|| panic!("no {what}"))
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&text));
}

#[test]
fn promtool_accepts_the_rules_and_their_cases() {
    let Some(promtool) = required_program("promtool") else { return };
    let rules = directory().join("mosaic-fleet.rules.yml");
    succeeds(Command::new(&promtool).args(["check", "rules"]).arg(rules));
    succeeds(Command::new(&promtool).args(["test", "rules"]).args(case_files()));
}

#[test]
fn promtool_accepts_every_sample_configuration() {
    let Some(promtool) = required_program("promtool") else { return };
    for name in ["prometheus.yml", "prometheus-many-hosts.yml", "prometheus-federation.yml"] {
        succeeds(Command::new(&promtool).args(["check", "config"]).arg(directory().join(name)));
    }
    let agent = directory().join("prometheus-agent.yml");
    succeeds(Command::new(&promtool).args(["check", "config", "--agent"]).arg(agent));
}

/// The flag that the sample names for a version of Prometheus.
fn agent_flag(version: &str) -> String {
    let text = fs::read_to_string(directory().join("prometheus-agent.yml")).unwrap();
    let command = text.lines().find(|line| line.ends_with(&format!("# Prometheus {version}")));
    let words: Vec<_> = command.unwrap_or_else(|| panic!("no command for {version}")).split_whitespace().collect();
    assert_eq!((words[1], words[3]), ("prometheus", "--config.file=prometheus-agent.yml"), "{words:?}");
    words[2].to_owned()
}

#[test]
fn the_commands_of_the_sample_start_an_agent() {
    assert_eq!([agent_flag("2"), agent_flag("3")], ["--enable-feature=agent", "--agent"]);
    let Some(prometheus) = required_program("prometheus") else { return };
    let version = Command::new(&prometheus).arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&[version.stdout, version.stderr].concat()).into_owned();
    let major = version.split("version ").nth(1).and_then(|version| version.split('.').next()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(&prometheus);
    command.arg(agent_flag(major)).arg(format!("--config.file={}", directory().join("prometheus-agent.yml").display()));
    // A full server does not accept this flag.
    command.arg(format!("--storage.agent.path={}", scratch.path().display()));
    command.arg("--web.listen-address=127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut agent = command.spawn().unwrap();
    let log = BufReader::new(agent.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut seen = Vec::new();
    let is_ready = log.inspect(|line| seen.push(line.clone())).any(|line| line.contains("Server is ready"));
    let _ = agent.kill();
    let _ = agent.wait();
    assert!(is_ready, "{}", seen.join("\n"));
}

#[test]
fn promtool_accepts_the_sample_of_the_exporters_own_configuration() {
    let Some(promtool) = required_program("promtool") else { return };
    let Some(openssl) = required_program("openssl") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let config = scratch.path().join("web-config.yml");
    fs::copy(directory().join("web-config.yml"), &config).unwrap();
    // The configuration is loaded with its certificate.
    let request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=w1"];
    succeeds(
        Command::new(openssl)
            .args(request)
            .args(["-out", "mosaic-fleet.crt", "-keyout", "mosaic-fleet.key"])
            .current_dir(scratch.path()),
    );
    // promtool prints "FAILED" with exit code 0.
    let output = Command::new(promtool).args(["check", "web-config"]).arg(&config).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && text.contains("SUCCESS"), "{text}");
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() {
    let cases = cases("alert_rule_test");
    let known: BTreeSet<_> = rules("alert").iter().map(|rule| text(&rule["alert"], "name").to_owned()).collect();
    for case in &cases {
        let name = text(&case["alertname"], "alertname");
        assert!(known.contains(name), "a case names {name}, which is not an alert");
    }
    for name in known.into_iter().filter(|name| name != WATCHDOG) {
        let expected = cases.iter().filter(|case| case["alertname"] == name.as_str());
        let (firing, silent): (Vec<_>, Vec<_>) =
            expected.partition(|case| case["exp_alerts"].as_array().is_some_and(|alerts| !alerts.is_empty()));
        assert!(!firing.is_empty(), "no case in which {name} fires");
        assert!(!silent.is_empty(), "no case in which {name} does not fire");
    }
}

#[test]
fn every_recording_rule_has_a_case() {
    let cases = cases("promql_expr_test");
    for rule in rules("record") {
        let name = text(&rule["record"], "name");
        assert!(cases.iter().any(|case| text(&case["expr"], "expr").contains(name)), "no case for {name}");
    }
}

#[test]
fn every_alert_says_what_is_wrong_where_and_what_to_do() {
    let runbook = fs::read_to_string(Binaries::workspace().join("docs/runbook.md")).unwrap();
    let sections: BTreeSet<_> = runbook.lines().filter_map(|line| line.strip_prefix("## Mosaic")).collect();
    let alerts = rules("alert");
    for alert in &alerts {
        let name = text(&alert["alert"], "name");
        let annotation = |key: &str| text(&alert["annotations"][key], key);
        let severity = text(&alert["labels"]["severity"], "severity");
        assert!(["critical", "warning", "info", "none"].contains(&severity), "{name}: {severity}");
        // Only the alert that always fires is about no target and waits for nothing.
        assert_eq!(alert["for"].is_null(), name == WATCHDOG, "{name}: `for`");
        assert_eq!(severity == "none", name == WATCHDOG, "{name}: {severity}");
        let (summary, description) = (annotation("summary"), annotation("description"));
        assert!(!summary.contains('\n') && summary.len() < 120, "{name}: {summary}");
        // The summary must name the host or the job.
        let host = ["$labels.instance", "$labels.job"].iter().any(|label| summary.contains(label));
        assert!(host || name == WATCHDOG, "{name}: {summary}");
        // Without the exporter there is no page.
        let has_page = summary.contains("$labels.instance") && name != "MosaicExporterDown";
        let page = alert["annotations"]["page_url"].as_str();
        assert_eq!(page, has_page.then_some("http://{{ $labels.instance }}:27871/"), "{name}");
        let of_agent = description.contains("$labels.agent");
        assert!(!of_agent || summary.contains("$labels.agent"), "{name}: {summary}");
        let commands = ["mosaic ", "systemctl --user ", "journalctl --user ", "timedatectl", "promtool "];
        assert!(commands.iter().any(|command| description.contains(command)), "{name}: {description}");
        let anchor = format!("docs/runbook.md#{}", name.to_lowercase());
        assert_eq!(annotation("runbook_url"), anchor, "{name}");
        assert!(sections.contains(name.strip_prefix("Mosaic").unwrap()), "docs/runbook.md has no '## {name}'");
    }
    assert_eq!(sections.len(), alerts.len(), "the runbook has a section without an alert: {sections:?}");
}

#[test]
fn every_command_named_in_rules_and_runbook_exists() {
    let mut commands_found = BTreeSet::new();
    for file in ["dashboards/prometheus/mosaic-fleet.rules.yml", "docs/runbook.md", "docs/prometheus.md"] {
        let text = fs::read_to_string(Binaries::workspace().join(file)).unwrap();
        let words: Vec<_> =
            text.split_whitespace().map(|word| word.trim_matches(|letter| "`.,;:".contains(letter))).collect();
        let commands = words.windows(3).filter(|words| words[0] == "mosaic" && ["fleet", "agent"].contains(&words[1]));
        commands_found.extend(commands.map(|words| (words[1].to_owned(), words[2].to_owned())));
    }
    assert!(commands_found.len() > 8, "{commands_found:?}");
    for (group, command) in commands_found {
        succeeds(Command::new(Binaries::mosaic()).args([group.as_str(), &command, "--help"]));
    }
}

#[test]
fn every_series_in_a_rule_is_exported_or_recorded() {
    let recorded: BTreeSet<_> = rules("record").iter().map(|rule| text(&rule["record"], "name").to_owned()).collect();
    let text = fs::read_to_string(directory().join("mosaic-fleet.rules.yml")).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let in_a_name = |letter: char| letter.is_ascii_alphanumeric() || "_:".contains(letter);
    let names = lines.flat_map(|line| line.split(|letter| !in_a_name(letter)));
    let names: BTreeSet<_> = names.filter(|name| name.contains("mosaic_")).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let mut families = FAMILIES.iter().chain(EXPORTER_FAMILIES);
        let known = recorded.contains(name) || families.any(|family| family.name == name);
        assert!(known, "{name} is neither exported nor recorded");
    }
}
