//! What an agent does, in words: pure.

use mosaic_probe::snapshot::AgentSnapshot;

use super::Paint;
use super::table::Cell;
use super::units::{age, duration};

/// In two words: `waiting 12m`, `idle 3h`. One that says nothing of itself gets none.
pub(super) fn doing(agent: &AgentSnapshot, now: &str) -> Cell {
    let Some(activity) = &agent.activity else { return (Paint::Dim, "-".to_owned()) };
    let (paint, word, since) = match (&activity.silent_since, activity.state.as_str()) {
        (Some(silent), _) => (Paint::Yellow, "silent", silent),
        (None, "waiting") => (Paint::Yellow, "waiting", &activity.since),
        (None, "blocked") => (Paint::Red, "blocked", &activity.since),
        (None, "idle") => (Paint::Dim, "idle", &activity.since),
        (None, state) => (Paint::Plain, state, &activity.since),
    };
    (paint, age(since, now).map_or_else(|| word.to_owned(), |age| format!("{word} {}", duration(age))))
}
