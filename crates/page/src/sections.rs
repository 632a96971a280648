//! The sections of the page: the header, the failed sources, the drift, the table of agents, and the legend.

use maud::{Markup, html};
use mosaic_probe::snapshot::{Condition, SourceName};

use crate::activity::ActivityKind;
use crate::advice::advice;
use crate::agent_group::{AgentGroup, groups};
use crate::agent_row::AgentRow;
use crate::fleet_state::{FleetState, failed_sources};
use crate::sparkline::fleet_sparkline;
use crate::view::View;

/// The number of agents in each state.
pub(crate) fn summary(view: &View<'_>) -> Markup {
    let snapshot = view.snapshot;
    let is_roster_known = snapshot.sources.get(&SourceName::Roster).is_none_or(|roster| roster.ok);
    let conditions = Condition::ALL.into_iter().filter(|condition| *condition != Condition::Up);
    let counts = conditions.map(|condition| (snapshot.count(condition), condition.as_str(), condition.as_str()));
    let activities = [
        (ActivityKind::LoginNeeded, "login needed"),
        (ActivityKind::UsageLimit, "at the usage limit"),
        (ActivityKind::Waiting, "waiting for you"),
        (ActivityKind::Blocked, "blocked"),
        (ActivityKind::Silent, "working without output"),
        (ActivityKind::Working, "working"),
    ];
    let activities = activities.map(|(kind, what)| (kind.count(snapshot), kind.class(), what));
    let drift = (snapshot.drift.len(), "drift", if snapshot.drift.len() == 1 { "drift item" } else { "drift items" });
    html! {
        div #summary class=(FleetState::from_snapshot(snapshot).as_str()) {
            h1 {
                small { "fleet of " (snapshot.tenant) " on " (snapshot.host) }
                (snapshot.count(Condition::Up)) " of " (snapshot.managed().count()) " up"
            }
            ul.counts {
                @if !is_roster_known { li.dead { "the roster cannot be read" } }
                @for (count, class, what) in counts.chain(activities).chain([drift]).filter(|(count, ..)| *count > 0) {
                    li class=(class) { b { (count) } " " (what) }
                }
                @match view.verified {
                    Some(true) => li.up { "verified" },
                    Some(false) => li.stale { "verification failed" },
                    None => {},
                }
            }
        }
    }
}

/// The chart of the last hour.
pub(crate) fn fleet_hour(view: &View<'_>) -> Markup {
    html! {
        figure #hour {
            (fleet_sparkline(&view.history.fleet(view.now), view.now))
            figcaption { "agents up in the last hour" }
        }
    }
}

/// The tmux server and the service manager.
pub(crate) fn place(view: &View<'_>) -> Markup {
    let snapshot = view.snapshot;
    let holder = &snapshot.holder;
    html! {
        p #place {
            span { "socket " (snapshot.socket) }
            @match holder.up {
                Some(true) => span {
                    "holder up"
                    @if let Some(pid) = holder.pid { ", pid " (pid) }
                    @if let Some(age) = view.ages.render(holder.since) { ", for " (age) }
                },
                Some(false) if holder.stopped => span { "holder stopped" },
                Some(false) => span.dead { "holder down" },
                None => span { "holder unknown" },
            }
            @match snapshot.linger {
                Some(false) => span.stale { "linger off: agents stop at logout" },
                Some(true) | None => {},
            }
            @if snapshot.direct { span { "started without systemd: agents are not restarted" } }
        }
    }
}

/// The sources that could not be read.
pub(crate) fn sources(view: &View<'_>) -> Markup {
    html! {
        ul #sources {
            @for (name, error) in failed_sources(view.snapshot) {
                // The further lines of a roster's error show the place in the file.
                li.dead { b { (name.as_str()) } ": " (error.lines().next().unwrap_or_default()) }
            }
        }
    }
}

/// The number of differences that are listed. More are a problem of the whole fleet, not of single agents.
const MAX_LISTED_DRIFT: usize = 100;
/// The number of differences up to which the list is open, so that it does not push the agents off the screen.
const MAX_OPEN_DRIFT: usize = 4;

/// The differences between the roster and the fleet. The section exists even if it is empty.
pub(crate) fn drift(view: &View<'_>) -> Markup {
    let drift = &view.snapshot.drift;
    let more = drift.len().saturating_sub(MAX_LISTED_DRIFT);
    html! {
        section #drift aria-label="Drift" {
            @if drift.is_empty() {
                p.calm { "No drift: the fleet matches the roster" (drift_reservation(view)) "." }
            } @else {
                details open[drift.len() <= MAX_OPEN_DRIFT] {
                    summary { h2 { "Drift " span.count { (drift.len()) } } " " small { "differences from the roster, and how to fix them" } }
                    ul.items {
                        @for item in drift.iter().take(MAX_LISTED_DRIFT) {
                            li {
                                p { b { (item.kind) } " " span.subject { (item.subject) } }
                                p { (item.detail) }
                                p { (advice(&item.advice)) }
                            }
                        }
                    }
                    @if more > 0 { p { "and " (more) " more: " (advice("mosaic fleet ps")) } }
                }
            }
        }
    }
}

/// The reservation while a source is unknown, because it might show drift.
fn drift_reservation(view: &View<'_>) -> &'static str {
    if failed_sources(view.snapshot).next().is_some() { ", as far as it could be observed" } else { "" }
}

/// The heading of a group of agents.
pub(crate) fn group_heading(need: AgentGroup, agents: usize) -> Markup {
    html! {
        tbody.group id=(need.id()) {
            tr { th colspan="9" scope="colgroup" { (need.title()) " " span.count { (agents) } } }
        }
    }
}

/// The table of agents, grouped by urgency.
pub(crate) fn agents_table(view: &View<'_>) -> Markup {
    html! {
        table #agents tabindex="-1" {
            caption { "Agents" small { "agents that need attention come first; times of the last hour are in UTC" } }
            thead {
                tr {
                    @for column in ["Agent", "Condition", "Activity", "Last hour", "Heartbeat", "Output", "Starts", "Memory"] {
                        th scope="col" { (column) }
                    }
                    th scope="col" { span.unseen { "More" } }
                }
            }
            @for (group, agents) in groups(view.snapshot) {
                (group_heading(group, agents.len()))
                @for agent in agents { (AgentRow::new(agent, view).markup()) }
            }
        }
        p.calm.none { "There are no agents. Add one: " (advice("mosaic fleet add NAME")) }
    }
}

/// The explanation of the marks and charts.
pub(crate) fn legend() -> Markup {
    html! {
        details #legend {
            summary { "How to read this page" }
            dl {
                @for condition in Condition::ALL {
                    dt class=(condition.as_str()) { b { (condition) } } dd { (condition_meaning(condition)) }
                }
                @for kind in ActivityKind::ALL {
                    dt class=(kind.class()) { b { (kind.as_str()) } } dd { (activity_meaning(kind)) }
                }
                dt { "last hour" }
                dd {
                    "One bar per minute: high if the agent printed output, low if it was silent, below the line if it "
                    "was down. Dots mark minutes without an observation: the fleet is observed only on request."
                }
                dt { "starts" } dd { "The number of starts since the run directory was created, and how the last run ended." }
            }
        }
    }
}

fn condition_meaning(condition: Condition) -> &'static str {
    match condition {
        Condition::Up => "The process is alive, and its heartbeat is fresh.",
        Condition::Starting => "The unit is still activating.",
        Condition::Stale => "The process is alive, but its heartbeat is late.",
        Condition::Dead => "The process has ended.",
        Condition::Missing => "The agent has no session.",
        Condition::Stopped => "The agent was stopped on request, and is not expected to run.",
        Condition::Unknown => "A source that determines the condition could not be read.",
    }
}

fn activity_meaning(kind: ActivityKind) -> &'static str {
    match kind {
        ActivityKind::LoginNeeded => "The agent is not logged in. Other agents with the same account are affected too.",
        ActivityKind::UsageLimit => {
            "The account has reached its usage limit. The agent waits until the limit resets or is raised."
        }
        ActivityKind::Waiting => "The agent waits for a person, as it reports or as its screen shows.",
        ActivityKind::Blocked => "The agent cannot continue, and an answer would not help.",
        ActivityKind::Silent => "The agent works, but has printed nothing for half an hour.",
        ActivityKind::Working => "The agent works, as it reports or as its screen shows.",
    }
}
