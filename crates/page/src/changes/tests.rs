use jiff::{SignedDuration, Timestamp};
use mosaic_probe::snapshot::{Condition, DriftItem, DriftKind, Snapshot};
use serde_json::Value;

use crate::{Changes, History, test_fleet};

/// A reader who was told everything of this fleet.
struct Reader {
    changes: Changes,
    history: History,
    now: Timestamp,
}

impl Reader {
    fn of(snapshot: &Snapshot) -> Self {
        let mut history = History::default();
        history.note(test_fleet::now(), snapshot);
        let mut reader = Self { changes: Changes::default(), history, now: test_fleet::now() };
        reader.told(snapshot).unwrap();
        reader
    }

    fn told(&mut self, snapshot: &Snapshot) -> Option<Value> {
        let line = self.changes.between(snapshot, Some(true), &self.history, self.now)?;
        assert!(!line.contains('\n'), "an event's data is one line");
        Some(serde_json::from_str(&line).unwrap())
    }
}

fn fragments(news: &Value) -> Vec<&str> {
    news["fragments"].as_object().map(|all| all.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[test]
fn the_first_message_says_everything_and_announces_nothing() {
    let snapshot = test_fleet::of_everything();
    let line = Changes::default().between(&snapshot, Some(true), &History::default(), test_fleet::now()).unwrap();
    let news: Value = serde_json::from_str(&line).unwrap();
    let order: Vec<&str> = news["order"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(
        order,
        [
            "g-down",
            "a-coder1",
            "a-gardener",
            "a-rev0",
            "a-board",
            "g-waiting",
            "a-coder4",
            "a-coder0",
            "g-blocked",
            "a-coder3",
            "g-silent",
            "a-coder5",
            "g-nothing",
            "a-mos-claude",
            "a-coder2",
            "a-ops0",
            "g-unmanaged",
            "a-scratch"
        ]
    );
    assert!(
        order.iter().chain(&["summary", "hour", "place", "sources", "drift"]).all(|id| fragments(&news).contains(id))
    );
    assert_eq!((&news["title"], &news["favicon"]), (&"● 2 down – fleet w1".into(), &"down".into()));
    assert_eq!((news.get("announce"), news.get("removed")), (None, None));
}

#[test]
fn what_only_grows_older_is_no_change_but_a_sign_of_life_now_and_then() {
    let mut snapshot = test_fleet::of_everything();
    let mut reader = Reader::of(&snapshot);
    for second in 1..5 {
        reader.now += SignedDuration::from_secs(1);
        snapshot.observed_at = reader.now.to_string();
        assert_eq!(reader.told(&snapshot), None, "{second}");
    }
    reader.now += SignedDuration::from_secs(1);
    snapshot.observed_at = reader.now.to_string();
    let sign = reader.told(&snapshot).unwrap();
    assert_eq!(sign, serde_json::json!({"observedAt": "2026-11-20T14:58:13Z", "now": 1_795_186_693_000_i64}));
    reader.now += SignedDuration::from_secs(1);
    assert_eq!(reader.told(&snapshot), None);
}

#[test]
fn a_death_moves_the_agent_to_the_top_and_is_announced() {
    let mut snapshot = test_fleet::of(&[Condition::Up; 3]);
    let mut reader = Reader::of(&snapshot);
    snapshot.agents[2].condition = Condition::Dead;
    snapshot.agents[2].reason = Some("it exited with signal:9".to_owned());
    let news = reader.told(&snapshot).unwrap();
    assert_eq!(fragments(&news), ["a-coder2.c", "g-down", "g-nothing", "summary"]);
    assert_eq!(news["order"], serde_json::json!(["g-down", "a-coder2", "g-nothing", "a-coder0", "a-coder1"]));
    assert_eq!(news["announce"], serde_json::json!(["coder2 is dead: it exited with signal:9"]));
    assert_eq!((&news["title"], &news["favicon"]), (&"● 1 down – fleet w1".into(), &"down".into()));
    snapshot.agents[2].condition = Condition::Up;
    snapshot.agents[2].reason = None;
    let news = reader.told(&snapshot).unwrap();
    assert_eq!(news["announce"], serde_json::json!(["coder2 is up"]));
    assert_eq!(news["removed"], serde_json::json!(["g-down"]));
    assert_eq!(news["favicon"], "ok");
}

#[test]
fn who_waits_moves_to_the_top_with_the_reason_and_is_announced() {
    let mut snapshot = test_fleet::of(&[Condition::Up; 3]);
    let mut reader = Reader::of(&snapshot);
    snapshot.agents[2].activity = Some(test_fleet::activity("waiting", Some("login: 401")));
    let news = reader.told(&snapshot).unwrap();
    assert_eq!(fragments(&news), ["a-coder2.a", "a-coder2.d", "g-nothing", "g-waiting", "summary"]);
    assert_eq!(news["order"], serde_json::json!(["g-waiting", "a-coder2", "g-nothing", "a-coder0", "a-coder1"]));
    assert_eq!(news["announce"], serde_json::json!(["coder2 is waiting: login: 401"]));
    assert_eq!((&news["title"], &news["favicon"]), (&"○ 1 login needed – fleet w1".into(), &"warn".into()));
    let cell = news["fragments"]["a-coder2.a"].as_str().unwrap();
    assert!(cell.contains("login needed") && cell.contains("mosaic agent attach coder2"), "{cell}");
    // Who came before is above.
    let before = mosaic_probe::snapshot::ActivitySnapshot {
        since: "2026-11-20T14:45:59Z".to_owned(),
        ..test_fleet::activity("waiting", None)
    };
    snapshot.agents[1].activity = Some(before);
    let news = reader.told(&snapshot).unwrap();
    assert_eq!(news["order"], serde_json::json!(["g-waiting", "a-coder1", "a-coder2", "g-nothing", "a-coder0"]));
    for agent in &mut snapshot.agents {
        agent.activity = Some(test_fleet::activity("working", None));
    }
    let news = reader.told(&snapshot).unwrap();
    assert_eq!((news.get("announce"), &news["title"]), (None, &"3 up – fleet w1".into()), "that one came is no news");
}

#[test]
fn only_the_cell_whose_fact_changed_is_sent() {
    type Change = fn(&mut Snapshot);
    let table: [(Change, &[&str]); 8] = [
        (|fleet| fleet.agents[0].heartbeat.ts = Some("2026-11-20T14:58:20Z".to_owned()), &["a-coder0.b"]),
        (|fleet| fleet.agents[0].session.as_mut().unwrap().last_output = None, &["a-coder0.o"]),
        (|fleet| fleet.agents[0].heartbeat.starts = Some(4), &["a-coder0.s"]),
        (|fleet| fleet.agents[0].usage = None, &["a-coder0.u"]),
        (|fleet| fleet.agents[0].activity = Some(test_fleet::activity("idle", None)), &["a-coder0.a", "a-coder0.d"]),
        (|fleet| fleet.agents[0].class = Some("reviewer".to_owned()), &["a-coder0.n"]),
        (|fleet| fleet.agents[0].unit = None, &["a-coder0.d"]),
        (|fleet| fleet.holder.up = None, &["place"]),
    ];
    for (change, expected) in table {
        let mut snapshot = test_fleet::of(&[Condition::Up; 2]);
        let mut reader = Reader::of(&snapshot);
        change(&mut snapshot);
        let news = reader.told(&snapshot).unwrap();
        assert_eq!(fragments(&news), expected);
        assert_eq!((news.get("order"), news.get("title"), news.get("announce")), (None, None, None));
    }
}

#[test]
fn agents_come_and_go() {
    let mut snapshot = test_fleet::of(&[Condition::Up; 2]);
    let mut reader = Reader::of(&snapshot);
    let gone = snapshot.agents.remove(0);
    snapshot.agents.push(test_fleet::agent("new one", "pi", "canary"));
    let news = reader.told(&snapshot).unwrap();
    assert_eq!(news["removed"], serde_json::json!(["a-coder0"]));
    assert_eq!(news["order"], serde_json::json!(["g-nothing", "a-coder1", "a-new:20:one"]));
    assert!(news["fragments"]["a-new:20:one"].as_str().unwrap().starts_with("<tbody id=\"a-new:20:one\">"));
    snapshot.agents.push(gone);
    let news = reader.told(&snapshot).unwrap();
    assert!(fragments(&news).contains(&"a-coder0"), "one that came back is sent as a whole");
}

#[test]
fn drift_is_sent_when_it_changes() {
    let mut snapshot = test_fleet::of(&[Condition::Up]);
    let mut reader = Reader::of(&snapshot);
    let [subject, detail, advice] = ["jarvis", "ends at logout", "loginctl enable-linger jarvis"].map(str::to_owned);
    snapshot.drift.push(DriftItem { kind: DriftKind::LingerOff, subject, detail, advice });
    assert_eq!(fragments(&reader.told(&snapshot).unwrap()), ["drift", "summary"]);
}

#[test]
fn the_minute_that_passes_is_sent_as_the_hour_alone() {
    let snapshot = test_fleet::of(&[Condition::Up; 2]);
    let mut reader = Reader::of(&snapshot);
    reader.now += SignedDuration::from_mins(1);
    reader.history.note(reader.now, &snapshot);
    assert_eq!(fragments(&reader.told(&snapshot).unwrap()), ["a-coder0.h", "a-coder1.h", "hour"]);
}
