use jiff::SignedDuration;
use mosaic_probe::snapshot::{
    Activity, ActivitySnapshot, AgentSnapshot, Class, Condition, SessionSnapshot, Snapshot, SourceName, WaitingFor,
};

use super::document;
use crate::asset::{PAGE_CSS, PAGE_JS};
use crate::{Changes, History, test_fleet};

const LIMIT: usize = 1_500_000;

fn page(snapshot: &Snapshot) -> String {
    let mut history = History::default();
    history.record(test_fleet::now(), snapshot);
    document(snapshot, Some(true), &history, test_fleet::now())
}

/// Puts each element on its own line and removes the digests of the assets, so that changes are easy to review.
fn lines(html: &str) -> String {
    let html = [PAGE_CSS, PAGE_JS].iter().fold(html.to_owned(), |html, asset| {
        let path = asset.path();
        html.replace(&path, path.split('?').next().unwrap())
    });
    html.replace("><", ">\n<")
}

#[test]
fn the_page_of_a_fleet_with_everything() {
    insta::assert_snapshot!(lines(&page(&test_fleet::with_everything())));
}

#[test]
fn the_fragments_of_a_fleet_with_everything() {
    let snapshot = test_fleet::with_every_condition();
    let all = Changes::default().between(&snapshot, None, &History::default(), test_fleet::now()).unwrap();
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    let row = all["fragments"]["a-coder1"].as_str().unwrap();
    insta::assert_snapshot!(lines(row));
}

#[test]
fn the_test_fleets_are_consistent() {
    for snapshot in [test_fleet::with_everything(), test_fleet::with_every_condition()] {
        let in_rows: Vec<_> = snapshot
            .agents
            .iter()
            .flat_map(|agent| agent.drift.iter().map(|kind| (agent.name.as_str(), *kind)))
            .collect();
        let in_items: Vec<_> = snapshot.drift.iter().map(|item| (item.subject.as_str(), item.kind)).collect();
        assert_eq!(in_rows, in_items);
    }
}

#[test]
fn hostile_texts_are_escaped() {
    const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&";
    let mut snapshot = test_fleet::with_everything();
    let hostile = || HOSTILE.to_owned();
    (snapshot.host, snapshot.tenant, snapshot.socket) = (hostile(), hostile(), hostile());
    for report in snapshot.sources.values_mut() {
        (report.ok, report.error) = (false, Some(hostile()));
    }
    for agent in &mut snapshot.agents {
        make_hostile(agent, HOSTILE);
    }
    for item in &mut snapshot.drift {
        (item.subject, item.detail, item.advice) = (hostile(), hostile(), format!("mosaic {HOSTILE}, or {HOSTILE}"));
    }
    let message = Changes::default().between(&snapshot, None, &History::default(), test_fleet::now()).unwrap();
    // The script inserts the title and the announcements as text.
    let message: serde_json::Value = serde_json::from_str(&message).unwrap();
    let fragments: String =
        message["fragments"].as_object().unwrap().values().map(|html| html.as_str().unwrap()).collect();
    for (written, scripts) in [(page(&snapshot), 1), (fragments, 0)] {
        assert_eq!(written.matches("<script").count(), scripts);
        assert!(!written.contains("<img") && written.contains("&lt;script&gt;alert(1)"));
    }
}

fn make_hostile(agent: &mut AgentSnapshot, hostile: &str) {
    let hostile = || hostile.to_owned();
    agent.name = hostile();
    (agent.runtime, agent.reason) = (Some(hostile()), Some(hostile()));
    agent.class = Some(Class::Other(hostile()));
    agent.activity = Some(ActivitySnapshot {
        reason: Some(hostile()),
        waiting_for: Some(WaitingFor::Other),
        model: Some(hostile()),
        task: Some(hostile()),
        ..test_fleet::activity(Activity::Waiting, None)
    });
    if let Some(session) = &mut agent.session {
        (session.command, session.pane_id) = (Some(hostile()), Some(hostile()));
    }
    if let Some(unit) = &mut agent.unit {
        (unit.name, unit.sub) = (hostile(), hostile());
    }
    agent.heartbeat.reason = Some(hostile());
}

#[test]
fn the_page_needs_nothing_that_its_policy_forbids() {
    let html = page(&test_fleet::with_everything());
    for forbidden in ["http:", "https:", "style=", "onclick", "<style", "src=\"//", "href=\"//"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn without_scripts_the_page_is_complete_and_reloads() {
    let html = page(&test_fleet::with_everything());
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript></head>"));
    for expected in
        ["<b>waiting</b> <time datetime=\"2026-11-20T11:50:00Z\">10m</time>", "permission: Bash", "3d04h</time>"]
    {
        assert!(html.contains(expected), "{expected}");
    }
}

#[test]
fn an_empty_fleet_without_a_roster_is_rendered() {
    let mut snapshot = test_fleet::with_conditions(&[]);
    test_fleet::fail(&mut snapshot, SourceName::Roster, "roster.yaml:3: no\n  3 | x");
    snapshot.holder.up = None;
    let html = page(&snapshot);
    assert!(html.contains("the roster cannot be read"));
    assert!(html.contains("<b>roster</b>: roster.yaml:3: no</li>"));
    assert!(html.contains("holder unknown"));
}

/// A thousand waiting agents with a varied last hour.
fn a_thousand() -> (Snapshot, History) {
    let mut snapshot = test_fleet::with_conditions(&[Condition::Up; 1000]);
    for agent in &mut snapshot.agents {
        agent.activity = Some(test_fleet::activity(Activity::Waiting, Some("permission: Bash")));
        agent.activity.as_mut().unwrap().task = Some("the exporter of issue 4".to_owned());
    }
    let mut history = History::default();
    for minute in (0..60).rev() {
        let now = test_fleet::now() - SignedDuration::from_mins(minute);
        for (at, agent) in (0..).zip(&mut snapshot.agents) {
            let printed = now - SignedDuration::from_mins((minute + at) % 4 * 10);
            agent.session.as_mut().unwrap().last_output = Some(printed);
        }
        history.record(now, &snapshot);
    }
    (snapshot, history)
}

#[test]
fn the_page_of_a_thousand_agents_is_small_enough_for_a_phone() {
    let (mut snapshot, history) = a_thousand();
    let size = document(&snapshot, Some(true), &history, test_fleet::now()).len();
    assert!(size <= LIMIT, "{size}");
    // The limit also applies if all agents are missing.
    let one = test_fleet::with_everything().drift.remove(0);
    snapshot.drift = vec![one; 1000];
    for agent in &mut snapshot.agents {
        agent.condition = Condition::Missing;
        agent.reason = Some("no tmux server runs on the socket".to_owned());
        agent.activity = None;
        agent.session = Some(SessionSnapshot::default());
    }
    let size = document(&snapshot, Some(true), &history, test_fleet::now()).len();
    assert!(size <= LIMIT, "{size}");
}

#[test]
fn a_change_of_one_agent_in_a_thousand_is_a_small_event() {
    let (mut snapshot, history) = a_thousand();
    let mut changes = Changes::default();
    let mut next_message = |snapshot: &Snapshot| changes.between(snapshot, None, &history, test_fleet::now());
    let all = next_message(&snapshot).unwrap().len();
    assert!(all <= LIMIT, "{all}");
    assert_eq!(next_message(&snapshot), None);
    snapshot.agents[500].heartbeat.starts = Some(4);
    assert!(next_message(&snapshot).unwrap().len() < 300);
}

#[test]
fn long_drift_is_truncated_and_counted() {
    let mut snapshot = test_fleet::with_everything();
    let one = snapshot.drift.remove(0);
    snapshot.drift = vec![one; 1000];
    let html = page(&snapshot);
    assert_eq!(html.matches("<b>pane-dead</b>").count(), 100);
    assert!(html.contains("and 900 more: ") && html.contains("<b>1000</b> drift items"));
}
