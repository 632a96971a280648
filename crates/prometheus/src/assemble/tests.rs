//! Responses captured from Prometheus 2.42 scraping three hosts: on w1 an agent is dead and its pane remains, on w2
//! the user manager hangs, and the exporter of w3 is down.

use jiff::Timestamp;
use mosaic_probe::snapshot::{Condition, WaitingFor};

use super::QueryResults;
use crate::instant_vector::InstantVector;
use crate::query::Query;
use crate::{HostSnapshot, HostsSnapshot, Urgency};

fn captured(query: Query) -> &'static str {
    match query {
        Query::Up => include_str!("captured/up.json"),
        Query::SampleAges => include_str!("captured/sample_ages.json"),
        Query::States => include_str!("captured/states.json"),
        Query::Values => include_str!("captured/values.json"),
        Query::LastKnown => include_str!("captured/last_known.json"),
        Query::HeartbeatAges => include_str!("captured/heartbeat_ages.json"),
        Query::OutputAges => include_str!("captured/output_ages.json"),
        Query::ActivityAges => include_str!("captured/activity_ages.json"),
    }
}

/// The snapshot of the captured responses, one of them changed.
fn snapshot_with(query: Query, change: impl Fn(&str) -> String) -> HostsSnapshot {
    let mut results = QueryResults::default();
    for each in Query::ALL {
        let body = if each == query { change(captured(each)) } else { captured(each).to_owned() };
        results
            .add(each, InstantVector::parse(body.as_bytes()).unwrap_or_else(|why| panic!("{each:?}: {why:?}: {body}")));
    }
    results.assemble("http://p:9090", Timestamp::UNIX_EPOCH)
}

fn hosts() -> HostsSnapshot {
    snapshot_with(Query::Up, str::to_owned)
}

/// Adds a sample to a response.
fn adding(sample: &str) -> impl Fn(&str) -> String {
    move |body| body.replace("\"result\":[\n", &format!("\"result\":[\n{sample},\n"))
}

fn host<'a>(hosts: &'a HostsSnapshot, instance: &str) -> &'a HostSnapshot {
    hosts.hosts.iter().find(|host| host.instance == instance).unwrap_or_else(|| panic!("{instance}: {hosts:#?}"))
}

fn conditions(host: &HostSnapshot) -> Vec<(&str, Condition)> {
    host.agents.iter().map(|agent| (agent.name.as_str(), agent.condition)).collect()
}

const UNKNOWN: [(&str, Condition); 2] = [("coder0", Condition::Unknown), ("coder1", Condition::Unknown)];

#[test]
fn the_most_urgent_hosts_and_agents_are_first() {
    let hosts = hosts();
    let order: Vec<&str> = hosts.hosts.iter().map(|host| host.host.as_deref().unwrap()).collect();
    assert_eq!(order, ["w3", "w1", "w2"], "exporter down, agent dead, agent waiting");
    assert_eq!(conditions(host(&hosts, "w1:27871")), [("coder1", Condition::Dead), ("coder0", Condition::Up)]);
}

#[test]
fn a_host_has_the_values_of_its_exporter() {
    let hosts = hosts();
    assert_eq!((hosts.schema, hosts.prometheus.as_str()), (1, "http://p:9090"));
    assert!(hosts.observed_at.starts_with("2026-11-20T22:22:41"), "{}", hosts.observed_at);
    let w1 = host(&hosts, "w1:27871");
    assert_eq!((w1.job.as_str(), w1.tenant.as_deref()), ("mosaic-fleet", Some("jarvis")));
    assert_eq!((w1.up, w1.current, w1.verified), (Some(true), true, Some(false)));
    assert!((5.0..6.0).contains(&w1.sample_age_seconds.unwrap()), "{w1:?}");
    let drift: Vec<_> = w1.drift.iter().map(|drift| (drift.kind.as_str(), drift.count)).collect();
    assert_eq!(drift, [("pane-dead", 1)], "kinds with a count of zero are left out");
    assert!(w1.sources.len() == 5 && w1.sources.values().all(|source| source.ok), "{w1:?}");
    let w2 = host(&hosts, "w2:27871");
    let failed: Vec<&str> = w2.sources.iter().filter(|(_, source)| !source.ok).map(|(name, _)| name.as_str()).collect();
    assert_eq!((failed, w2.verified), (vec!["systemd"], Some(true)));
}

#[test]
fn an_agent_has_the_values_of_its_exporter() {
    let hosts = hosts();
    let [dead, waiting] = &host(&hosts, "w1:27871").agents[..] else { panic!("{hosts:#?}") };
    assert_eq!((waiting.runtime.as_deref(), waiting.class.as_deref()), (Some("claude"), Some("implementer")));
    let activity = waiting.activity.as_ref().unwrap();
    assert_eq!(activity.state, "waiting");
    assert!((2400.0..2600.0).contains(&activity.for_seconds.unwrap()), "{activity:?}");
    assert_eq!((waiting.heartbeat_age_seconds, waiting.last_output_age_seconds), (Some(7.0), Some(40.0)));
    assert_eq!((waiting.starts, waiting.memory_bytes), (Some(3), Some(600_000_000)));
    assert!(waiting.cpu_seconds.unwrap() > 1000.0);
    assert_eq!((dead.memory_bytes, dead.cpu_seconds), (None, None), "unknown is not zero");
    assert!(dead.heartbeat_age_seconds.unwrap() > 2000.0);
}

#[test]
fn the_reason_to_wait_does_not_depend_on_the_order_of_samples() {
    let waiting_for = |agent: &str, reason: &str| {
        format!(
            r#"{{"metric":{{"__name__":"mosaic_agent_waiting_for","agent":"{agent}","instance":"w1:27871","job":"mosaic-fleet","reason":"{reason}"}},"value":[1795213361,"1"]}}"#
        )
    };
    let reasons = |sample: &str| {
        let hosts = snapshot_with(Query::States, adding(sample));
        let activities = host(&hosts, "w1:27871").agents.iter().map(|agent| agent.activity.clone());
        activities.map(|activity| activity.and_then(|activity| activity.waiting_for)).collect::<Vec<_>>()
    };
    // The agents are coder1, which is dead, and coder0, which waits.
    for (reason, expected) in [
        ("permission", WaitingFor::Permission),
        ("login", WaitingFor::Login),
        ("usage_limit", WaitingFor::UsageLimit),
        ("a_future_reason", WaitingFor::Other),
    ] {
        assert_eq!(reasons(&waiting_for("coder0", reason)), [None, Some(expected)], "{reason}");
    }
    assert_eq!(reasons(&waiting_for("coder1", "login")), [None, None], "the agent does not wait");
    assert_eq!(reasons(&waiting_for("coder9", "login")), [None, None], "unknown agent");
}

#[test]
fn the_agent_that_has_waited_longest_is_first() {
    let hosts = snapshot_with(Query::States, |body| {
        let alive = body.replace("\"condition\":\"dead\"", "\"condition\":\"up\"");
        alive.replace("\"activity\":\"idle\"", "\"activity\":\"waiting\"")
    });
    let names = |hosts: &HostsSnapshot| {
        let agents = host(hosts, "w1:27871").agents.iter();
        agents.map(|agent| (agent.name.clone(), agent.urgency())).collect::<Vec<_>>()
    };
    let waiting = |name: &str| (name.to_owned(), Urgency::Waiting);
    assert_eq!(names(&hosts), [waiting("coder1"), waiting("coder0")]);
}

#[test]
fn a_host_whose_exporter_is_down_has_its_last_agents_with_unknown_state() {
    let hosts = hosts();
    let w3 = host(&hosts, "w3:27871");
    assert_eq!((w3.up, w3.current, w3.tenant.as_deref()), (Some(false), false, Some("edith")));
    assert_eq!(conditions(w3), UNKNOWN);
    assert_eq!(w3.agents[0].runtime.as_deref(), Some("claude"));
    assert!((2000.0..3000.0).contains(&w3.sample_age_seconds.unwrap()), "{w3:?}");
    assert_eq!((w3.drift.len(), w3.sources.len(), w3.verified), (0, 0, None));
}

/// Some servers return the last samples of an exporter for minutes after it is gone.
#[test]
fn the_last_samples_of_a_dead_exporter_are_not_current() {
    let down = |body: &str| body.replace("\"1\"", "\"0\"");
    let hosts = snapshot_with(Query::Up, down);
    for host in &hosts.hosts {
        assert_eq!(conditions(host), UNKNOWN, "{}", host.instance);
        assert!(!host.current && host.verified.is_none() && host.drift.is_empty() && host.sources.is_empty());
        let agent = &host.agents[0];
        assert!(agent.activity.is_none() && agent.heartbeat_age_seconds.is_none() && agent.memory_bytes.is_none());
        assert!(agent.last_output_age_seconds.is_none() && agent.starts.is_none() && agent.cpu_seconds.is_none());
    }
}

#[test]
fn an_exporter_that_answers_without_samples_is_not_current() {
    let hosts = snapshot_with(Query::States, |body| body.replace("mosaic_build_info", "mosaic_other"));
    let w1 = host(&hosts, "w1:27871");
    assert_eq!((w1.up, w1.current), (Some(true), false));
    assert_eq!(conditions(w1), UNKNOWN);
}

#[test]
fn an_exporter_that_never_answered_is_a_host() {
    let never = r#"{"metric":{"__name__":"up","instance":"w4:27871","job":"mosaic-fleet"},"value":[1795213361,"0"]}"#;
    let hosts = snapshot_with(Query::Up, adding(never));
    let w4 = host(&hosts, "w4:27871");
    assert_eq!((w4.up, w4.sample_age_seconds, w4.host.as_deref(), w4.agents.len()), (Some(false), None, None, 0));
}

#[test]
fn pushed_samples_count() {
    let hosts = snapshot_with(Query::Up, |body| body.replace("mosaic-fleet", "another-job"));
    let pushed = hosts.hosts.iter().find(|host| host.instance == "w1:27871" && host.job == "mosaic-fleet").unwrap();
    assert_eq!((pushed.up, pushed.current, pushed.agents.len()), (None, true, 2));
}

#[test]
fn an_exporter_is_up_if_one_of_two_replicas_reaches_it() {
    let replica = r#"{"metric":{"__name__":"up","instance":"w1:27871","job":"mosaic-fleet","replica":"b"},"value":[1795213361,"0"]}"#;
    assert_eq!(host(&snapshot_with(Query::Up, adding(replica)), "w1:27871").up, Some(true));
    let older =
        r#"{"metric":{"instance":"w1:27871","job":"mosaic-fleet","version":"0.0.9"},"value":[1795213361,"86000"]}"#;
    let hosts = snapshot_with(Query::SampleAges, adding(older));
    assert!(host(&hosts, "w1:27871").sample_age_seconds.unwrap() < 10.0, "the older version has the older sample");
}

#[test]
fn an_unknown_condition_label_is_unknown() {
    let hosts = snapshot_with(Query::States, |body| body.replace("\"condition\":\"up\"", "\"condition\":\"future\""));
    assert_eq!(conditions(host(&hosts, "w2:27871"))[1].1, Condition::Unknown);
}

#[test]
fn without_samples_there_are_no_hosts() {
    let empty = QueryResults::default().assemble("http://p:9090", Timestamp::UNIX_EPOCH);
    assert_eq!((empty.hosts.len(), empty.observed_at.as_str()), (0, "1970-01-01T00:00:00Z"));
}
