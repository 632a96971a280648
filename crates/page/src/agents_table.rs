//! The table of agents: who needs a person comes first.

use maud::{Markup, html};
use mosaic_probe::snapshot::{AgentSnapshot, Snapshot};

use crate::agent_row::AgentRow;
use crate::need::Need;
use crate::view::View;

/// The heading of a group, and who is in it; groups that are empty are not there.
pub(crate) fn groups(snapshot: &Snapshot) -> impl Iterator<Item = (Need, Vec<&AgentSnapshot>)> {
    Need::ALL.into_iter().map(|need| (need, need.agents(snapshot))).filter(|(_, agents)| !agents.is_empty())
}

/// What stands above a group.
pub(crate) fn group_heading(need: Need, agents: usize) -> Markup {
    html! {
        tbody.group id=(need.id()) {
            tr { th colspan="9" scope="colgroup" { (need.title()) " " span.count { (agents) } } }
        }
    }
}

/// All of it.
pub(crate) fn agents_table(view: &View<'_>) -> Markup {
    html! {
        table #agents tabindex="-1" {
            caption { "Agents" small { "who needs a person comes first; the last hour is in UTC" } }
            thead {
                tr {
                    @for column in ["Agent", "Condition", "Activity", "Last hour", "Heartbeat", "Output", "Starts", "Memory"] {
                        th scope="col" { (column) }
                    }
                    th scope="col" { span.unseen { "More" } }
                }
            }
            @for (need, agents) in groups(view.snapshot) {
                (group_heading(need, agents.len()))
                @for agent in agents { (AgentRow::of(agent, view).whole()) }
            }
        }
        p.calm.none { "There are no agents: " (crate::command::advice("mosaic fleet add NAME")) }
    }
}
