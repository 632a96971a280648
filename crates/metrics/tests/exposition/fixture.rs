//! A fleet that has every fact and every state at least once: agents of the example snapshot.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use mosaic_delivery::spool::MessageCounts;
use mosaic_metrics::{Build, Exposition, Format, OwnProcess, Selection};
use mosaic_probe::snapshot::{AgentSnapshot, Class, DriftItem, Snapshot};

pub(crate) const BUILD: Build = Build { version: "0.1.0", revision: "4f2c1e9" };

/// A class with every character that has to be escaped.
pub(crate) const HOSTILE_CLASS: &str = "im\"pl\\e\\n{,}=#\nmenter é";

pub(crate) fn some(text: &str) -> Option<String> {
    text.to_owned().into()
}

/// The example, which property tests ask for often.
static EXAMPLE: LazyLock<Snapshot> = LazyLock::new(mosaic_probe::example::snapshot);

/// An agent of the example.
pub(crate) fn agent(name: &str) -> AgentSnapshot {
    EXAMPLE.agent(name).cloned().unwrap()
}

/// A waiting agent, a dead one, one that was never started, and a session that is not in the roster.
///
/// With the other agents of the example the golden files would be three times as long.
pub(crate) fn fleet() -> Snapshot {
    // The heartbeat and the records of `lead` tell how the previous process ended.
    let lead = agent("lead");
    let waiting = AgentSnapshot { heartbeat: lead.heartbeat, last_end: lead.last_end, ..agent("coder0") };
    let mut dead = AgentSnapshot { class: Some(Class::Other(HOSTILE_CLASS.to_owned())), ..agent("coder1") };
    dead.unit.as_mut().unwrap().enabled = Some(false);
    // A unit state that no current systemd has, and unit directories that cannot be read.
    let mut never_started = agent("rev0");
    let unit = never_started.unit.as_mut().unwrap();
    (unit.active, unit.enabled) = ("maintenance".parse().unwrap(), None);

    let mut fleet = EXAMPLE.clone();
    fleet.agents = vec![waiting, dead, never_started, agent("scratch")];
    fleet.roster.agents = Some(3);
    fleet.drift.retain(|item| fleet.agents.iter().any(|agent| agent.name == item.subject));
    let stray = fleet.drift.last().cloned().unwrap();
    fleet.drift.push(DriftItem { subject: "scratch2".to_owned(), ..stray });
    fleet
}

/// The process of the exporter.
pub(crate) const PROCESS: OwnProcess = OwnProcess {
    cpu_seconds: Some(1.25),
    resident_memory_bytes: Some(8_388_608),
    virtual_memory_bytes: Some(16_777_216),
    open_fds: Some(14),
    max_fds: Some(1024),
    start_time_ms: Some(1_795_186_600_120),
    threads: Some(3),
};

/// The messages to two agents.
static MESSAGES: LazyLock<BTreeMap<String, MessageCounts>> = LazyLock::new(|| {
    let oldest = jiff::Timestamp::from_millisecond(1_795_175_100_250).ok();
    let waiting = MessageCounts { undelivered: 2, oldest, refused: 1, expired: 0, unconfirmed: 3 };
    [("coder0".to_owned(), waiting), ("coder1".to_owned(), MessageCounts::default())].into()
});

/// The exposition of a fleet.
pub(crate) fn exposition(snapshot: &Snapshot) -> Exposition<'_> {
    Exposition { snapshot, verified: Some(false), messages: &MESSAGES, build: BUILD, process: Some(PROCESS) }
}

/// The text of a whole exposition.
pub(crate) fn written(snapshot: &Snapshot, format: Format) -> String {
    let mut out = String::new();
    exposition(snapshot).write(&Selection::ALL, format, &mut out);
    out
}
