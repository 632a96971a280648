//! `mosaic fleet ps --prometheus`: the fleets of all hosts.

use serde_json::Value;

use crate::incident::monitored_fleet::{AGENTS, INSTANCE, Incident, MORTAL, RESTLESS, TENANT, WATCHED};

pub(crate) fn shows_agents_that_are_down(incident: &Incident) {
    let host = host(incident);
    let name = rustix::system::uname().nodename().to_str().unwrap().to_owned();
    assert_eq!((&host["host"], &host["tenant"], &host["up"]), (&name.into(), &TENANT.into(), &true.into()));
    assert_eq!(host["instance"], INSTANCE);
    let agents = agents(&host);
    assert_eq!(agents[0], (MORTAL, "missing"), "{host:#}");
    assert!(agents[1..].iter().all(|(_, condition)| *condition == "up"), "{host:#}");
    let restless = host["agents"].as_array().unwrap().iter().find(|agent| agent["name"] == RESTLESS);
    assert_eq!(restless.unwrap()["starts"], 5, "{host:#}");
    let page = page(incident);
    let row = page.lines().find(|line| line.contains(MORTAL)).unwrap();
    assert!(row.contains("missing") && page.contains("3 of 4 up"), "{page}");
    assert!(page.contains("night\\shift") && !page.contains("\nof {jarvis}"), "a name has broken its line: {page}");
}

/// A waiting agent is listed after those that are down and before all others.
pub(crate) fn shows_what_an_agent_waits_for(incident: &Incident, words: &str, json: &str) {
    let host = host(incident);
    let agents = host["agents"].as_array().unwrap();
    assert_eq!([&agents[0]["name"], &agents[1]["name"]], [MORTAL, WATCHED], "{host:#}");
    assert_eq!(agents[1]["activity"]["waitingFor"], json, "{host:#}");
    let page = page(incident);
    let row = page.lines().find(|line| line.contains(WATCHED)).unwrap();
    assert!(row.contains(&format!("waiting: {words} ")), "{page}");
}

pub(crate) fn shows_that_the_exporter_is_down(incident: &Incident) {
    let host = host(incident);
    assert_eq!(host["up"], false, "{host:#}");
    let agents = agents(&host);
    assert_eq!(agents.len(), AGENTS.len(), "{host:#}");
    assert!(agents.iter().all(|(_, condition)| *condition == "unknown"), "{host:#}");
    let page = page(incident);
    assert!(page.contains("exporter down") && page.contains("0 of 4 up"), "{page}");
    assert!(!page.contains("3 of 4 up"), "{page}");
}

/// The single host.
fn host(incident: &Incident) -> Value {
    let output = ps(incident, &["--json"]);
    let hosts: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(hosts["hosts"].as_array().unwrap().len(), 1, "{hosts:#}");
    hosts["hosts"][0].clone()
}

fn page(incident: &Incident) -> String {
    ps(incident, &[])
}

fn ps(incident: &Incident, further: &[&str]) -> String {
    let url = incident.prometheus.url();
    let output = incident.fleet.mosaic(&[&["fleet", "ps", "--prometheus", &url], further].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Name and condition of each agent, in the printed order.
fn agents(host: &Value) -> Vec<(&str, &str)> {
    let agents = host["agents"].as_array().unwrap().iter();
    agents.map(|agent| (agent["name"].as_str().unwrap(), agent["condition"].as_str().unwrap())).collect()
}
