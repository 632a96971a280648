use jiff::SignedDuration;
use mosaic_probe::snapshot::{AgentSnapshot, Condition, Snapshot};

use super::document;
use crate::asset::{PAGE_CSS, PAGE_JS};
use crate::{Changes, History, test_fleet};

const LIMIT: usize = 1_500_000;

fn page(snapshot: &Snapshot) -> String {
    let mut history = History::default();
    history.note(test_fleet::now(), snapshot);
    document(snapshot, Some(true), &history, test_fleet::now())
}

/// One element a line: a change of the page is a change of few lines, and one of its style is none.
fn lines(html: &str) -> String {
    let html = [PAGE_CSS, PAGE_JS].iter().fold(html.to_owned(), |html, asset| {
        let path = asset.path();
        html.replace(&path, path.split('?').next().unwrap())
    });
    html.replace("><", ">\n<")
}

#[test]
fn the_page_of_a_fleet_with_everything() {
    insta::assert_snapshot!(lines(&page(&test_fleet::of_everything())));
}

#[test]
fn the_fragments_of_a_fleet_with_everything() {
    let snapshot = test_fleet::of_every_condition();
    let all = Changes::default().between(&snapshot, None, &History::default(), test_fleet::now()).unwrap();
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    let row = all["fragments"]["a-coder1"].as_str().unwrap();
    insta::assert_snapshot!(lines(row));
}

#[test]
fn the_fleet_with_everything_could_be_one() {
    for snapshot in [test_fleet::of_everything(), test_fleet::of_every_condition()] {
        let of_rows: Vec<_> = snapshot
            .agents
            .iter()
            .flat_map(|agent| agent.drift.iter().map(|kind| (agent.name.as_str(), *kind)))
            .collect();
        let of_items: Vec<_> = snapshot.drift.iter().map(|item| (item.subject.as_str(), item.kind)).collect();
        assert_eq!(of_rows, of_items);
    }
}

#[test]
fn whatever_a_text_says_it_stays_text() {
    const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&";
    let mut snapshot = test_fleet::of_everything();
    let evil = || EVIL.to_owned();
    (snapshot.host, snapshot.tenant, snapshot.socket) = (evil(), evil(), evil());
    for report in snapshot.sources.values_mut() {
        (report.ok, report.error) = (false, Some(evil()));
    }
    for agent in &mut snapshot.agents {
        spoil(agent, EVIL);
    }
    for item in &mut snapshot.drift {
        (item.subject, item.detail, item.advice) = (evil(), evil(), format!("mosaic {EVIL}, or {EVIL}"));
    }
    let news = Changes::default().between(&snapshot, None, &History::default(), test_fleet::now()).unwrap();
    // Its title and announcements are text to the script, too.
    let news: serde_json::Value = serde_json::from_str(&news).unwrap();
    let fragments: String =
        news["fragments"].as_object().unwrap().values().map(|html| html.as_str().unwrap()).collect();
    for (written, scripts) in [(page(&snapshot), 1), (fragments, 0)] {
        assert_eq!(written.matches("<script").count(), scripts);
        assert!(!written.contains("<img") && written.contains("&lt;script&gt;alert(1)"));
    }
}

fn spoil(agent: &mut AgentSnapshot, evil: &str) {
    let evil = || evil.to_owned();
    agent.name = evil();
    (agent.runtime, agent.class, agent.reason) = (Some(evil()), Some(evil()), Some(evil()));
    agent.activity = Some(mosaic_probe::snapshot::ActivitySnapshot {
        state: evil(),
        since: evil(),
        reason: Some(evil()),
        waiting_for: Some(mosaic_probe::snapshot::WaitingFor::Other),
        silent_since: Some(evil()),
        source: mosaic_probe::snapshot::ActivitySource::Report,
        model: Some(evil()),
        task: Some(evil()),
    });
    if let Some(session) = &mut agent.session {
        (session.command, session.pane_id, session.last_output) = (Some(evil()), Some(evil()), Some(evil()));
    }
    if let Some(unit) = &mut agent.unit {
        (unit.name, unit.active, unit.sub) = (evil(), evil(), evil());
    }
    let beat = &mut agent.heartbeat;
    (beat.reason, beat.status, beat.exit, beat.last_exit) = (Some(evil()), Some(evil()), Some(evil()), Some(evil()));
}

#[test]
fn nothing_in_it_needs_another_host_or_what_the_policy_forbids() {
    let html = page(&test_fleet::of_everything());
    for forbidden in ["http:", "https:", "style=", "onclick", "<style", "src=\"//", "href=\"//"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn without_a_script_it_is_complete_and_renews_itself() {
    let html = page(&test_fleet::of_everything());
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript></head>"));
    for told in
        ["<b>waiting</b> <time datetime=\"2026-11-20T14:46:00Z\">12m</time>", "permission: Bash", "3d04h</time>"]
    {
        assert!(html.contains(told), "{told}");
    }
}

#[test]
fn a_fleet_of_nobody_is_a_page() {
    let mut snapshot = test_fleet::of(&[]);
    test_fleet::fail(&mut snapshot, mosaic_probe::snapshot::SourceName::Roster, "roster.yaml:3: no\n  3 | x");
    snapshot.holder.up = None;
    let html = page(&snapshot);
    assert!(html.contains("which agents there should be is not known"));
    assert!(html.contains("<b>roster</b>: roster.yaml:3: no</li>"));
    assert!(html.contains("holder unknown"));
}

/// A thousand agents, all at work, whose last hour was full of changes.
fn a_thousand() -> (Snapshot, History) {
    let mut snapshot = test_fleet::of(&[Condition::Up; 1000]);
    for agent in &mut snapshot.agents {
        agent.activity = Some(test_fleet::activity("waiting", Some("permission: Bash")));
        agent.activity.as_mut().unwrap().task = Some("the exporter of issue 4".to_owned());
    }
    let mut history = History::default();
    for minute in (0..60).rev() {
        let now = test_fleet::now() - SignedDuration::from_mins(minute);
        for (at, agent) in (0..).zip(&mut snapshot.agents) {
            let printed = now - SignedDuration::from_mins((minute + at) % 4 * 10);
            agent.session.as_mut().unwrap().last_output = Some(printed.to_string());
        }
        history.note(now, &snapshot);
    }
    (snapshot, history)
}

#[test]
fn a_thousand_agents_are_a_page_that_a_phone_can_load() {
    let (mut snapshot, history) = a_thousand();
    let size = document(&snapshot, Some(true), &history, test_fleet::now()).len();
    assert!(size <= LIMIT, "{size}");
    // Also when nothing of it is there.
    let one = test_fleet::of_everything().drift.remove(0);
    snapshot.drift = vec![one; 1000];
    for agent in &mut snapshot.agents {
        agent.condition = Condition::Missing;
        agent.reason = Some("there is no tmux server on the socket".to_owned());
        agent.activity = None;
        agent.session = Some(mosaic_probe::snapshot::SessionSnapshot::default());
    }
    let size = document(&snapshot, Some(true), &history, test_fleet::now()).len();
    assert!(size <= LIMIT, "{size}");
}

#[test]
fn a_change_of_one_in_a_thousand_is_a_small_event() {
    let (mut snapshot, history) = a_thousand();
    let mut changes = Changes::default();
    let mut told = |snapshot: &Snapshot| changes.between(snapshot, None, &history, test_fleet::now());
    let all = told(&snapshot).unwrap().len();
    assert!(all <= LIMIT, "{all}");
    assert_eq!(told(&snapshot), None);
    snapshot.agents[500].heartbeat.starts = Some(4);
    assert!(told(&snapshot).unwrap().len() < 300);
}

#[test]
fn a_flood_of_drift_is_counted_and_not_listed() {
    let mut snapshot = test_fleet::of_everything();
    let one = snapshot.drift.remove(0);
    snapshot.drift = vec![one; 1000];
    let html = page(&snapshot);
    assert_eq!(html.matches("<b>pane-dead</b>").count(), 100);
    assert!(html.contains("and 900 more: ") && html.contains("<b>1000</b> drift items"));
}
