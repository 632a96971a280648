//! The activity of an agent: its kind, and the cell that shows it.

use maud::{Markup, html};
use mosaic_probe::snapshot::{ActivitySnapshot, AgentSnapshot, AttentionReason, Snapshot, WaitingFor};

use crate::advice::copyable;
use crate::agent_group::AgentGroup;
use crate::view::View;

/// An activity that the page highlights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActivityKind {
    /// The agent has to log in, and so has every agent with the same account.
    LoginNeeded,
    /// The account of the agent has reached its usage limit.
    UsageLimit,
    /// The agent waits for another input of a person.
    Waiting,
    /// The agent cannot continue.
    Blocked,
    /// The agent works and has printed nothing for a long time.
    Silent,
    /// The agent works.
    Working,
}

impl ActivityKind {
    /// All kinds, the most urgent first.
    pub(crate) const ALL: [Self; 6] =
        [Self::LoginNeeded, Self::UsageLimit, Self::Waiting, Self::Blocked, Self::Silent, Self::Working];

    /// The kind of an activity; `None` if the agent is idle.
    pub(crate) fn from_snapshot(activity: &ActivitySnapshot) -> Option<Self> {
        match (activity.state.as_str(), activity.waiting_for) {
            ("waiting", Some(WaitingFor::Login)) => Some(Self::LoginNeeded),
            ("waiting", Some(WaitingFor::UsageLimit)) => Some(Self::UsageLimit),
            ("waiting", _) => Some(Self::Waiting),
            ("blocked", _) => Some(Self::Blocked),
            ("working", _) if activity.silent_since.is_some() => Some(Self::Silent),
            ("working", _) => Some(Self::Working),
            _ => None,
        }
    }

    /// The kind in words.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LoginNeeded => "login needed",
            Self::UsageLimit => "usage limit",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Silent => "silent",
            Self::Working => "working",
        }
    }

    /// The CSS class that sets the mark and the color.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::LoginNeeded | Self::UsageLimit => "barred",
            Self::Waiting => "asks",
            Self::Blocked => "blocked",
            Self::Silent => "silent",
            Self::Working => "working",
        }
    }

    /// The number of agents with this activity. The activity of an agent that is down is outdated and does not count.
    pub(crate) fn count(self, snapshot: &Snapshot) -> usize {
        let current = snapshot.managed().filter(|agent| agent.attention() != Some(AttentionReason::Down));
        current.filter(|agent| agent.activity.as_ref().and_then(Self::from_snapshot) == Some(self)).count()
    }
}

/// Renders the cell of the activity. For an agent that is down it shows the last known activity.
pub(crate) fn activity_cell(agent: &AgentSnapshot, id: &str, view: &View<'_>) -> Markup {
    let Some(activity) = &agent.activity else { return html! { td id=(id) { "–" } } };
    // The last activity of an agent that is down is neither a problem nor a good sign.
    let down = agent.attention() == Some(AttentionReason::Down);
    let class = ActivityKind::from_snapshot(activity).filter(|_| !down).map(ActivityKind::class);
    let silent_since = view.ages.render(activity.silent_since);
    html! {
        td id=(id) class=[class] {
            b { (label(activity)) } @if let Some(age) = view.ages.render(Some(activity.since)) { " " (age) }
            @if let Some(reason) = reason(activity) { small { (reason) } }
            @if let Some(age) = silent_since { small { "no output for " (age) } }
            @if AgentGroup::from_agent(agent) == AgentGroup::NeedsAttention(AttentionReason::Waiting) { (copyable(&attach(agent))) }
        }
    }
}

/// The command that attaches a person to an agent.
pub(crate) fn attach(agent: &AgentSnapshot) -> String {
    format!("mosaic agent attach {}", agent.name)
}

/// The activity in words. A silent agent also works, so it is called `working`.
fn label(activity: &ActivitySnapshot) -> &str {
    let kind = ActivityKind::from_snapshot(activity).filter(|kind| *kind != ActivityKind::Silent);
    kind.map_or(activity.state.as_str(), |kind| kind.as_str())
}

/// The reason, unless it repeats the label.
fn reason(activity: &ActivitySnapshot) -> Option<&str> {
    activity.reason.as_deref().filter(|reason| !matches!(*reason, "login" | "usage limit"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mosaic_probe::snapshot::Condition;

    use super::activity_cell;
    use crate::view::{Ages, View};
    use crate::{History, test_fleet};

    /// The cell without its id. The ages are replaced, because other tests check them.
    fn cell(state: &str, reason: Option<&str>, silent_since: Option<&str>, condition: Condition) -> String {
        let mut snapshot = test_fleet::with_conditions(&[condition]);
        let mut activity = test_fleet::activity(state, reason);
        activity.silent_since = silent_since.map(str::to_owned);
        snapshot.agents[0].activity = Some(activity);
        let history = History::default();
        let now: Timestamp = test_fleet::now();
        let view = View { snapshot: &snapshot, verified: None, history: &history, now, ages: Ages::FilledByScript };
        let cell = activity_cell(&snapshot.agents[0], "x", &view).into_string();
        let cell = cell.strip_prefix("<td id=\"x\"").unwrap().strip_suffix("</td>").unwrap();
        cell.replace(" <time datetime=\"2026-11-20T14:46:00Z\"></time>", " AGE")
            .replace("<time datetime=\"2026-11-20T14:20:00Z\"></time>", "SILENCE")
    }

    const ATTACH: &str =
        "<span class=\"command\"><code>mosaic agent attach coder0</code><button type=\"button\">copy</button></span>";

    #[test]
    fn the_cell_says_in_words_what_its_color_means() {
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
    fn a_silent_agent_shows_since_when() {
        let silent = cell("working", None, Some("2026-11-20T14:20:00Z"), Condition::Up);
        let expected = " class=\"silent\"><b>working</b> AGE<small>no output for SILENCE</small>";
        assert_eq!(silent, expected);
    }

    #[test]
    fn an_agent_that_is_down_has_no_command_to_attach() {
        assert_eq!(cell("waiting", Some("trust"), None, Condition::Dead), "><b>waiting</b> AGE<small>trust</small>");
    }
}
