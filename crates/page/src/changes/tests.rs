use jiff::{SignedDuration, Timestamp};
use mosaic_probe::snapshot::{Activity, Class, Condition, DriftItem, DriftKind, Snapshot};
use serde_json::Value;

use crate::{Changes, History, test_fleet};

/// A browser that has received the first message about a fleet.
struct Browser {
    changes: Changes,
    history: History,
    now: Timestamp,
}

impl Browser {
    fn new(snapshot: &Snapshot) -> Self {
        let mut history = History::default();
        history.record(test_fleet::now(), snapshot);
        let mut browser = Self { changes: Changes::default(), history, now: test_fleet::now() };
        browser.next_message(snapshot).unwrap();
        browser
    }

    fn next_message(&mut self, snapshot: &Snapshot) -> Option<Value> {
        let line = self.changes.between(snapshot, Some(true), &self.history, self.now)?;
        assert!(!line.contains('\n'), "the data of an event is one line");
        Some(serde_json::from_str(&line).unwrap())
    }
}

fn fragments(message: &Value) -> Vec<&str> {
    message["fragments"].as_object().map(|all| all.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn the_first_message_contains_everything_and_announces_nothing() {
    let snapshot = test_fleet::with_everything();
    let line = Changes::default().between(&snapshot, Some(true), &History::default(), test_fleet::now()).unwrap();
    let message: Value = serde_json::from_str(&line).unwrap();
    let order: Vec<&str> = message["order"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(
        order,
        [
            "g-down",
            "a-coder1",
            "a-rev0",
            "a-gardener",
            "a-board0",
            "g-waiting",
            "a-coder4",
            "a-coder0",
            "g-blocked",
            "a-coder3",
            "g-silent",
            "a-coder5",
            "g-nothing",
            "a-lead",
            "a-coder2",
            "a-ops0",
            "g-stopped",
            "a-canary0",
            "g-unmanaged",
            "a-scratch"
        ]
    );
    assert!(
        order
            .iter()
            .chain(&["summary", "hour", "place", "sources", "drift"])
            .all(|id| fragments(&message).contains(id))
    );
    assert_eq!((&message["title"], &message["favicon"]), (&"● 2 down – fleet w1".into(), &"down".into()));
    assert_eq!((message.get("announce"), message.get("removed")), (None, None));
}

#[test]
fn growing_ages_send_only_a_keep_alive() {
    let mut snapshot = test_fleet::with_everything();
    let mut browser = Browser::new(&snapshot);
    for second in 1..5 {
        browser.now += SignedDuration::from_secs(1);
        snapshot.observed_at = browser.now;
        assert_eq!(browser.next_message(&snapshot), None, "{second}");
    }
    browser.now += SignedDuration::from_secs(1);
    snapshot.observed_at = browser.now;
    let keep_alive = browser.next_message(&snapshot).unwrap();
    assert_eq!(keep_alive, serde_json::json!({"observedAt": "2026-11-20T12:00:05Z", "now": 1_795_176_005_000_i64}));
    browser.now += SignedDuration::from_secs(1);
    assert_eq!(browser.next_message(&snapshot), None);
}

#[test]
fn a_dead_agent_moves_to_the_top_and_is_announced() {
    let mut snapshot = test_fleet::with_conditions(&[Condition::Up; 3]);
    let mut browser = Browser::new(&snapshot);
    snapshot.agents[2].condition = Condition::Dead;
    snapshot.agents[2].reason = Some("it was killed by signal 9".to_owned());
    let message = browser.next_message(&snapshot).unwrap();
    assert_eq!(fragments(&message), ["a-coder2.c", "g-down", "g-nothing", "summary"]);
    assert_eq!(message["order"], serde_json::json!(["g-down", "a-coder2", "g-nothing", "a-coder0", "a-coder1"]));
    assert_eq!(message["announce"], serde_json::json!(["coder2 is dead: it was killed by signal 9"]));
    assert_eq!((&message["title"], &message["favicon"]), (&"● 1 down – fleet w1".into(), &"down".into()));
    snapshot.agents[2].condition = Condition::Up;
    snapshot.agents[2].reason = None;
    let message = browser.next_message(&snapshot).unwrap();
    assert_eq!(message["announce"], serde_json::json!(["coder2 is up"]));
    assert_eq!(message["removed"], serde_json::json!(["g-down"]));
    assert_eq!(message["favicon"], "ok");
}

#[test]
fn a_waiting_agent_moves_to_the_top_and_is_announced() {
    let mut snapshot = test_fleet::with_conditions(&[Condition::Up; 3]);
    let mut browser = Browser::new(&snapshot);
    snapshot.agents[2].activity = Some(test_fleet::activity(Activity::Waiting, Some("login: 401")));
    let message = browser.next_message(&snapshot).unwrap();
    assert_eq!(fragments(&message), ["a-coder2.a", "a-coder2.d", "g-nothing", "g-waiting", "summary"]);
    assert_eq!(message["order"], serde_json::json!(["g-waiting", "a-coder2", "g-nothing", "a-coder0", "a-coder1"]));
    assert_eq!(message["announce"], serde_json::json!(["coder2 is waiting: login: 401"]));
    assert_eq!((&message["title"], &message["favicon"]), (&"○ 1 login needed – fleet w1".into(), &"warn".into()));
    let cell = message["fragments"]["a-coder2.a"].as_str().unwrap();
    assert!(cell.contains("login needed") && cell.contains("mosaic agent attach coder2"), "{cell}");
    // An agent that has waited longer is above.
    let before = mosaic_probe::snapshot::ActivitySnapshot {
        since: "2026-11-20T11:47:59Z".parse().unwrap(),
        ..test_fleet::activity(Activity::Waiting, None)
    };
    snapshot.agents[1].activity = Some(before);
    let message = browser.next_message(&snapshot).unwrap();
    assert_eq!(message["order"], serde_json::json!(["g-waiting", "a-coder1", "a-coder2", "g-nothing", "a-coder0"]));
    for agent in &mut snapshot.agents {
        agent.activity = Some(test_fleet::activity(Activity::Working, None));
    }
    let message = browser.next_message(&snapshot).unwrap();
    assert_eq!(
        (message.get("announce"), &message["title"]),
        (None, &"3 up – fleet w1".into()),
        "the end of a wait is not announced"
    );
}

#[test]
fn only_changed_cells_are_sent() {
    type Change = fn(&mut Snapshot);
    let table: [(Change, &[&str]); 8] = [
        (|fleet| fleet.agents[0].heartbeat.ts = "2026-11-20T12:00:12Z".parse().ok(), &["a-coder0.b"]),
        (|fleet| fleet.agents[0].session.as_mut().unwrap().last_output = None, &["a-coder0.o"]),
        (|fleet| fleet.agents[0].heartbeat.starts = Some(4), &["a-coder0.s"]),
        (|fleet| fleet.agents[0].usage = None, &["a-coder0.u"]),
        (
            |fleet| fleet.agents[0].activity = Some(test_fleet::activity(Activity::Idle, None)),
            &["a-coder0.a", "a-coder0.d"],
        ),
        (|fleet| fleet.agents[0].class = Some(Class::Reviewer), &["a-coder0.n"]),
        (|fleet| fleet.agents[0].unit = None, &["a-coder0.d"]),
        (|fleet| fleet.holder.up = None, &["place"]),
    ];
    for (change, expected) in table {
        let mut snapshot = test_fleet::with_conditions(&[Condition::Up; 2]);
        let mut browser = Browser::new(&snapshot);
        change(&mut snapshot);
        let message = browser.next_message(&snapshot).unwrap();
        assert_eq!(fragments(&message), expected);
        assert_eq!((message.get("order"), message.get("title"), message.get("announce")), (None, None, None));
    }
}

#[test]
fn agents_are_added_and_removed() {
    let mut snapshot = test_fleet::with_conditions(&[Condition::Up; 2]);
    let mut browser = Browser::new(&snapshot);
    let gone = snapshot.agents.remove(0);
    snapshot.agents.push(test_fleet::agent("new one", "pi", "canary"));
    let message = browser.next_message(&snapshot).unwrap();
    assert_eq!(message["removed"], serde_json::json!(["a-coder0"]));
    assert_eq!(message["order"], serde_json::json!(["g-nothing", "a-coder1", "a-new:20:one"]));
    assert!(message["fragments"]["a-new:20:one"].as_str().unwrap().starts_with("<tbody id=\"a-new:20:one\">"));
    snapshot.agents.push(gone);
    let message = browser.next_message(&snapshot).unwrap();
    assert!(fragments(&message).contains(&"a-coder0"), "a returning agent is sent as a whole");
}

#[test]
fn drift_is_sent_when_it_changes() {
    let mut snapshot = test_fleet::with_conditions(&[Condition::Up]);
    let mut browser = Browser::new(&snapshot);
    let [subject, detail, advice] =
        ["jarvis", "agents stop at logout", "loginctl enable-linger jarvis"].map(str::to_owned);
    snapshot.drift.push(DriftItem { kind: DriftKind::LingerOff, subject, detail, advice, command: None });
    assert_eq!(fragments(&browser.next_message(&snapshot).unwrap()), ["drift", "summary"]);
}

#[test]
fn a_new_minute_updates_the_charts_only() {
    let snapshot = test_fleet::with_conditions(&[Condition::Up; 2]);
    let mut browser = Browser::new(&snapshot);
    browser.now += SignedDuration::from_mins(1);
    browser.history.record(browser.now, &snapshot);
    assert_eq!(fragments(&browser.next_message(&snapshot).unwrap()), ["a-coder0.h", "a-coder1.h", "hour"]);
}
