//! What an agent does: for what it waits, since when, and what to do about it.

use maud::{Markup, html};
use mosaic_probe::snapshot::{ActivitySnapshot, AgentSnapshot, Attention};

use crate::command::copyable;
use crate::doing::Doing;
use crate::need::Need;
use crate::view::View;

/// The cell; of one that is down it is what was known last.
pub(crate) fn activity_cell(agent: &AgentSnapshot, id: &str, view: &View<'_>) -> Markup {
    let Some(activity) = &agent.activity else { return html! { td id=(id) { "–" } } };
    // What it did is no trouble beside its end, and no good sign either.
    let down = agent.attention() == Some(Attention::Down);
    let class = Doing::of(activity).filter(|_| !down).map(Doing::class);
    let silent_since = view.ages.of(activity.silent_since.as_deref());
    html! {
        td id=(id) class=[class] {
            b { (word(activity)) } @if let Some(age) = view.ages.of(Some(&activity.since)) { " " (age) }
            @if let Some(reason) = reason(activity) { small { (reason) } }
            @if let Some(age) = silent_since { small { "has printed nothing for " (age) } }
            @if Need::of(agent) == Need::Of(Attention::Waiting) { (copyable(&attach(agent))) }
        }
    }
}

/// How a person gets to an agent.
pub(crate) fn attach(agent: &AgentSnapshot) -> String {
    format!("mosaic agent attach {}", agent.name)
}

/// What it is at. That it works too is said of one that is silent.
fn word(activity: &ActivitySnapshot) -> &str {
    let own_words = Doing::of(activity).filter(|doing| *doing != Doing::Silent);
    own_words.map_or(activity.state.as_str(), |doing| doing.as_str())
}

/// The reason, where it says more than the word.
fn reason(activity: &ActivitySnapshot) -> Option<&str> {
    activity.reason.as_deref().filter(|reason| !matches!(*reason, "login" | "usage limit"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mosaic_probe::snapshot::Condition;

    use super::activity_cell;
    use crate::ages::Ages;
    use crate::view::View;
    use crate::{History, test_fleet};

    /// The cell without its id and its ages, which are the others' promise.
    fn cell(state: &str, reason: Option<&str>, silent_since: Option<&str>, condition: Condition) -> String {
        let mut snapshot = test_fleet::of(&[condition]);
        let mut activity = test_fleet::activity(state, reason);
        activity.silent_since = silent_since.map(str::to_owned);
        snapshot.agents[0].activity = Some(activity);
        let history = History::default();
        let now: Timestamp = test_fleet::now();
        let view = View { snapshot: &snapshot, verified: None, history: &history, now, ages: Ages::ByThePage };
        let cell = activity_cell(&snapshot.agents[0], "x", &view).into_string();
        let cell = cell.strip_prefix("<td id=\"x\"").unwrap().strip_suffix("</td>").unwrap();
        cell.replace(" <time datetime=\"2026-11-20T14:46:00Z\"></time>", " AGE")
            .replace("<time datetime=\"2026-11-20T14:20:00Z\"></time>", "SILENCE")
    }

    const ATTACH: &str =
        "<span class=\"command\"><code>mosaic agent attach coder0</code><button type=\"button\">copy</button></span>";

    #[test]
    fn what_is_told_by_a_colour_is_told_in_words_too() {
        let table = [
            (
                "waiting",
                Some("permission: Bash"),
                " class=\"asks\"><b>waiting</b> AGE<small>permission: Bash</small>",
                ATTACH,
            ),
            ("waiting", None, " class=\"asks\"><b>waiting</b> AGE", ATTACH),
            ("waiting", Some("login"), " class=\"barred\"><b>login needed</b> AGE", ATTACH),
            (
                "waiting",
                Some("login: API key"),
                " class=\"barred\"><b>login needed</b> AGE<small>login: API key</small>",
                ATTACH,
            ),
            (
                "waiting",
                Some("usage limit, until 3 pm"),
                " class=\"barred\"><b>usage limit</b> AGE<small>usage limit, until 3 pm</small>",
                ATTACH,
            ),
            ("blocked", Some("a review"), " class=\"blocked\"><b>blocked</b> AGE<small>a review</small>", ""),
            ("working", None, " class=\"working\"><b>working</b> AGE", ""),
            ("idle", None, "><b>idle</b> AGE", ""),
        ];
        for (state, reason, said, command) in table {
            assert_eq!(cell(state, reason, None, Condition::Up), format!("{said}{command}"), "{state} {reason:?}");
        }
    }

    #[test]
    fn who_works_and_is_silent_says_since_when() {
        let silent = cell("working", None, Some("2026-11-20T14:20:00Z"), Condition::Up);
        let expected = " class=\"silent\"><b>working</b> AGE<small>has printed nothing for SILENCE</small>";
        assert_eq!(silent, expected);
    }

    #[test]
    fn nobody_is_sent_to_one_that_is_not_there() {
        assert_eq!(cell("waiting", Some("trust"), None, Condition::Dead), "><b>waiting</b> AGE<small>trust</small>");
    }
}
