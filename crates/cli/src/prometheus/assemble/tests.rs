//! What comes of the answers of a real Prometheus (2.42) that scraped three hosts: w1, where an agent is dead and
//! its pane still there; w2, whose user manager hangs; and w3, whose exporter is down.

use jiff::Timestamp;
use mosaic_probe::snapshot::{Condition, WaitingFor};

use super::Answers;
use crate::prometheus::answer::Answer;
use crate::prometheus::question::Question;
use crate::prometheus::{HostSnapshot, HostsSnapshot, Need};

fn captured(question: Question) -> &'static str {
    match question {
        Question::Exporters => include_str!("captured/exporters.json"),
        Question::Ages => include_str!("captured/ages.json"),
        Question::States => include_str!("captured/states.json"),
        Question::Numbers => include_str!("captured/numbers.json"),
        Question::LastKnown => include_str!("captured/last_known.json"),
        Question::HeartbeatAges => include_str!("captured/heartbeat_ages.json"),
        Question::OutputAges => include_str!("captured/output_ages.json"),
        Question::ActivityAges => include_str!("captured/activity_ages.json"),
    }
}

/// The captured answers, but for what is changed in one of them.
fn with(question: Question, change: impl Fn(&str) -> String) -> HostsSnapshot {
    let mut answers = Answers::default();
    for each in Question::ALL {
        let body = if each == question { change(captured(each)) } else { captured(each).to_owned() };
        answers.add(each, Answer::read(body.as_bytes()).unwrap_or_else(|why| panic!("{each:?}: {why:?}: {body}")));
    }
    answers.assemble("http://p:9090", Timestamp::UNIX_EPOCH)
}

fn hosts() -> HostsSnapshot {
    with(Question::Exporters, str::to_owned)
}

/// One sample more.
fn and(sample: &str) -> impl Fn(&str) -> String {
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
fn whoever_needs_a_person_is_first() {
    let hosts = hosts();
    let order: Vec<&str> = hosts.hosts.iter().map(|host| host.host.as_deref().unwrap()).collect();
    assert_eq!(order, ["w3", "w1", "w2"], "nobody sees it, an agent is dead, an agent waits");
    assert_eq!(conditions(host(&hosts, "w1:27871")), [("coder1", Condition::Dead), ("coder0", Condition::Up)]);
}

#[test]
fn a_host_is_as_its_exporter_tells() {
    let hosts = hosts();
    assert_eq!((hosts.schema, hosts.prometheus.as_str()), (1, "http://p:9090"));
    assert!(hosts.observed_at.starts_with("2026-11-20T22:22:41"), "{}", hosts.observed_at);
    let w1 = host(&hosts, "w1:27871");
    assert_eq!((w1.job.as_str(), w1.tenant.as_deref()), ("mosaic-fleet", Some("jarvis")));
    assert_eq!((w1.up, w1.current, w1.verified), (Some(true), true, Some(false)));
    assert!((5.0..6.0).contains(&w1.sample_age_seconds.unwrap()), "{w1:?}");
    let drift: Vec<_> = w1.drift.iter().map(|drift| (drift.kind.as_str(), drift.count)).collect();
    assert_eq!(drift, [("pane-dead", 1)], "what there is none of is not listed");
    assert!(w1.sources.len() == 5 && w1.sources.values().all(|source| source.ok), "{w1:?}");
    let w2 = host(&hosts, "w2:27871");
    let failed: Vec<&str> = w2.sources.iter().filter(|(_, source)| !source.ok).map(|(name, _)| name.as_str()).collect();
    assert_eq!((failed, w2.verified), (vec!["systemd"], Some(true)));
}

#[test]
fn an_agent_is_as_its_exporter_tells() {
    let hosts = hosts();
    let [dead, waiting] = &host(&hosts, "w1:27871").agents[..] else { panic!("{hosts:#?}") };
    assert_eq!((waiting.runtime.as_deref(), waiting.class.as_deref()), (Some("claude"), Some("implementer")));
    let activity = waiting.activity.as_ref().unwrap();
    assert_eq!(activity.state, "waiting");
    assert!((2400.0..2600.0).contains(&activity.for_seconds.unwrap()), "{activity:?}");
    assert_eq!((waiting.heartbeat_age_seconds, waiting.last_output_age_seconds), (Some(7.0), Some(40.0)));
    assert_eq!((waiting.starts, waiting.memory_bytes), (Some(3), Some(600_000_000)));
    assert!(waiting.cpu_seconds.unwrap() > 1000.0);
    assert_eq!((dead.memory_bytes, dead.cpu_seconds), (None, None), "what is not known is no zero");
    assert!(dead.heartbeat_age_seconds.unwrap() > 2000.0);
}

#[test]
fn what_an_agent_waits_for_is_told_whatever_comes_first() {
    let waiting_for = |agent: &str, reason: &str| {
        format!(
            r#"{{"metric":{{"__name__":"mosaic_agent_waiting_for","agent":"{agent}","instance":"w1:27871","job":"mosaic-fleet","reason":"{reason}"}},"value":[1795213361,"1"]}}"#
        )
    };
    let told = |sample: &str| {
        let hosts = with(Question::States, and(sample));
        let activities = host(&hosts, "w1:27871").agents.iter().map(|agent| agent.activity.clone());
        activities.map(|activity| activity.and_then(|activity| activity.waiting_for)).collect::<Vec<_>>()
    };
    // coder1, which is dead, and coder0, which waits.
    for (reason, expected) in [
        ("permission", WaitingFor::Permission),
        ("login", WaitingFor::Login),
        ("usage_limit", WaitingFor::UsageLimit),
        ("a_word_to_come", WaitingFor::Other),
    ] {
        assert_eq!(told(&waiting_for("coder0", reason)), [None, Some(expected)], "{reason}");
    }
    assert_eq!(told(&waiting_for("coder1", "login")), [None, None], "it does not wait");
    assert_eq!(told(&waiting_for("coder9", "login")), [None, None], "there is no such agent");
}

#[test]
fn who_has_waited_for_longest_is_first() {
    let hosts = with(Question::States, |body| {
        let alive = body.replace("\"condition\":\"dead\"", "\"condition\":\"up\"");
        alive.replace("\"activity\":\"idle\"", "\"activity\":\"waiting\"")
    });
    let names = |hosts: &HostsSnapshot| {
        let agents = host(hosts, "w1:27871").agents.iter();
        agents.map(|agent| (agent.name.clone(), agent.need())).collect::<Vec<_>>()
    };
    let waiting = |name: &str| (name.to_owned(), Need::Waiting);
    assert_eq!(names(&hosts), [waiting("coder1"), waiting("coder0")]);
}

#[test]
fn of_a_host_whose_exporter_is_down_nothing_is_known_but_who_was_there() {
    let hosts = hosts();
    let w3 = host(&hosts, "w3:27871");
    assert_eq!((w3.up, w3.current, w3.tenant.as_deref()), (Some(false), false, Some("edith")));
    assert_eq!(conditions(w3), UNKNOWN);
    assert_eq!(w3.agents[0].runtime.as_deref(), Some("claude"));
    assert!((2000.0..3000.0).contains(&w3.sample_age_seconds.unwrap()), "{w3:?}");
    assert_eq!((w3.drift.len(), w3.sources.len(), w3.verified), (0, 0, None));
}

/// Some servers give an exporter's last samples for minutes after it is gone.
#[test]
fn what_a_dead_exporter_said_last_is_never_taken_for_now() {
    let down = |body: &str| body.replace("\"1\"", "\"0\"");
    let hosts = with(Question::Exporters, down);
    for host in &hosts.hosts {
        assert_eq!(conditions(host), UNKNOWN, "{}", host.instance);
        assert!(!host.current && host.verified.is_none() && host.drift.is_empty() && host.sources.is_empty());
        let agent = &host.agents[0];
        assert!(agent.activity.is_none() && agent.heartbeat_age_seconds.is_none() && agent.memory_bytes.is_none());
        assert!(agent.last_output_age_seconds.is_none() && agent.starts.is_none() && agent.cpu_seconds.is_none());
    }
}

#[test]
fn an_exporter_that_answers_and_tells_nothing_is_not_seen_either() {
    let hosts = with(Question::States, |body| body.replace("mosaic_build_info", "mosaic_other"));
    let w1 = host(&hosts, "w1:27871");
    assert_eq!((w1.up, w1.current), (Some(true), false));
    assert_eq!(conditions(w1), UNKNOWN);
}

#[test]
fn an_exporter_that_never_answered_is_a_host_too() {
    let never = r#"{"metric":{"__name__":"up","instance":"w4:27871","job":"mosaic-fleet"},"value":[1795213361,"0"]}"#;
    let hosts = with(Question::Exporters, and(never));
    let w4 = host(&hosts, "w4:27871");
    assert_eq!((w4.up, w4.sample_age_seconds, w4.host.as_deref(), w4.agents.len()), (Some(false), None, None, 0));
}

#[test]
fn samples_that_were_sent_instead_of_scraped_count() {
    let hosts = with(Question::Exporters, |body| body.replace("mosaic-fleet", "another-job"));
    let sent = hosts.hosts.iter().find(|host| host.instance == "w1:27871" && host.job == "mosaic-fleet").unwrap();
    assert_eq!((sent.up, sent.current, sent.agents.len()), (None, true, 2));
}

#[test]
fn of_two_that_scrape_an_exporter_one_may_have_lost_it() {
    let replica = r#"{"metric":{"__name__":"up","instance":"w1:27871","job":"mosaic-fleet","replica":"b"},"value":[1795213361,"0"]}"#;
    assert_eq!(host(&with(Question::Exporters, and(replica)), "w1:27871").up, Some(true));
    let older =
        r#"{"metric":{"instance":"w1:27871","job":"mosaic-fleet","version":"0.0.9"},"value":[1795213361,"86000"]}"#;
    let hosts = with(Question::Ages, and(older));
    assert!(host(&hosts, "w1:27871").sample_age_seconds.unwrap() < 10.0, "the version before is older");
}

#[test]
fn a_word_that_is_not_known_is_unknown() {
    let hosts = with(Question::States, |body| body.replace("\"condition\":\"up\"", "\"condition\":\"splendid\""));
    assert_eq!(conditions(host(&hosts, "w2:27871"))[1].1, Condition::Unknown);
}

#[test]
fn a_prometheus_that_knows_of_no_fleet_has_no_hosts() {
    let nothing = Answers::default().assemble("http://p:9090", Timestamp::UNIX_EPOCH);
    assert_eq!((nothing.hosts.len(), nothing.observed_at.as_str()), (0, "1970-01-01T00:00:00Z"));
}
