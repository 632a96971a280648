//! What has changed on the page since the last update.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use mosaic_probe::snapshot::{AgentSnapshot, Condition, Snapshot};
use serde::Serialize;

use crate::History;
use crate::agent_group::{AgentGroup, groups};
use crate::agent_row::{AgentRow, CELLS, agent_id};
use crate::announcement::{Announcement, announcements};
use crate::fleet_state::{FleetState, title};
use crate::sections::{drift, fleet_hour, group_heading, place, sources, summary};
use crate::view::{Ages, View};

/// The longest time between two messages. The page doubts its connection after a longer silence.
const KEEP_ALIVE_SECONDS: i64 = 5;

/// The state of the page in one browser: a hash per element, about 100 bytes per agent.
///
/// The first message contains all elements, whatever the page was rendered from.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    elements: HashMap<&'static str, u64>,
    agents: HashMap<Box<str>, Shown>,
    tab: Option<u64>,
    order: Option<u64>,
    last_sent: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    condition: Condition,
    group: AgentGroup,
    cells: [u64; CELLS],
}

/// The `data` of an event, which the script reads.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    /// When the fleet was observed.
    observed_at: String,
    /// The clock of this host in milliseconds since 1970, which the ages refer to.
    now: i64,
    /// The new markup of elements, by element id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fragments: BTreeMap<String, String>,
    /// The ids of removed elements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
    /// The ids of all elements of the table in order, if the order has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favicon: Option<&'static str>,
    /// The announcements for screen readers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    announce: Vec<String>,
}

impl Message {
    fn new(snapshot: &Snapshot, now: Timestamp) -> Self {
        Self {
            observed_at: snapshot.observed_at.to_string(),
            now: now.as_millisecond(),
            fragments: BTreeMap::new(),
            removed: Vec::new(),
            order: None,
            title: None,
            favicon: None,
            announce: Vec::new(),
        }
    }

    /// Whether the message changes nothing on the page.
    fn is_empty(&self) -> bool {
        self.fragments.is_empty() && self.removed.is_empty() && self.order.is_none() && self.title.is_none()
    }

    /// The message as one line. JSON escapes the line feeds of texts.
    fn to_json(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

impl Changes {
    /// Renders the next message as one line of JSON, the `data:` of an event. Returns `None` if nothing has changed
    /// and the last message is recent.
    pub fn between(
        &mut self,
        snapshot: &Snapshot,
        verified: Option<bool>,
        history: &History,
        now: Timestamp,
    ) -> Option<String> {
        let view = View { snapshot, verified, history, now, ages: Ages::FilledByScript };
        let mut message = Message::new(snapshot, now);
        let is_first = self.last_sent.is_none();
        self.update_sections(&view, &mut message);
        message.order = self.update_table(&view, &mut message, is_first);
        let state = FleetState::from_snapshot(snapshot);
        let title = title(snapshot);
        if replace(&mut self.tab, hash(&(&title, state))) {
            message.title = Some(title);
            message.favicon = Some(state.as_str());
        }
        let is_due = self.last_sent.is_none_or(|sent| now.as_second() - sent.as_second() >= KEEP_ALIVE_SECONDS);
        if message.is_empty() && !is_due {
            return None;
        }
        self.last_sent = Some(now);
        message.to_json()
    }

    fn update_sections(&mut self, view: &View<'_>, message: &mut Message) {
        let sections = [
            ("summary", summary(view)),
            ("hour", fleet_hour(view)),
            ("place", place(view)),
            ("sources", sources(view)),
            ("drift", drift(view)),
        ];
        for (id, section) in sections {
            if self.elements.insert(id, hash(&section.0)) != Some(hash(&section.0)) {
                message.fragments.insert(id.to_owned(), section.0);
            }
        }
    }

    /// Adds the changed rows to the message. Returns the order of all rows if it has changed.
    fn update_table(&mut self, view: &View<'_>, message: &mut Message, is_first: bool) -> Option<Vec<String>> {
        let mut order = Vec::with_capacity(view.snapshot.agents.len() + 4);
        let mut changes = Vec::new();
        let mut headings = HashMap::new();
        for (group, agents) in groups(view.snapshot) {
            let heading = group_heading(group, agents.len());
            headings.insert(group.id(), hash(&heading.0));
            if self.elements.get(group.id()) != headings.get(group.id()) {
                message.fragments.insert(group.id().to_owned(), heading.0);
            }
            order.push(group.id().to_owned());
            for agent in agents {
                let row = AgentRow::new(agent, view);
                changes.extend(self.update_row(agent, &row, message).filter(|_| !is_first && agent.managed));
                order.push(row.id);
            }
        }
        message.removed = self.remove_missing(view.snapshot, &headings);
        self.elements.extend(headings);
        message.announce = announcements(&changes);
        replace(&mut self.order, hash(&order)).then_some(order)
    }

    /// Adds the changed cells of an agent to the message. Returns what to announce of it.
    fn update_row<'a>(
        &mut self,
        agent: &'a AgentSnapshot,
        row: &AgentRow,
        message: &mut Message,
    ) -> Option<Announcement<'a>> {
        let shown =
            Shown { condition: agent.condition, group: AgentGroup::from_agent(agent), cells: row.markups().map(hash) };
        let before = match self.agents.get_mut(agent.name.as_str()) {
            Some(before) => Some(std::mem::replace(before, shown)),
            None => self.agents.insert(agent.name.as_str().into(), shown),
        };
        match before {
            None => {
                message.fragments.insert(row.id.clone(), row.markup().0);
            }
            Some(before) => {
                let cells = row.cells().zip(before.cells.iter().zip(&shown.cells));
                let changed = cells.filter(|(_, (before, now))| before != now);
                message.fragments.extend(changed.map(|((id, cell), _)| (id, cell.0.clone())));
            }
        }
        Announcement::new(agent, before.map(|before| (before.condition, before.group)))
    }

    /// Removes the headings and agents that no longer exist. Returns the ids of their elements.
    fn remove_missing(&mut self, snapshot: &Snapshot, headings: &HashMap<&'static str, u64>) -> Vec<String> {
        let mut removed = Vec::new();
        self.elements.retain(|id, _| {
            let exists = !id.starts_with("g-") || headings.contains_key(id);
            if !exists {
                removed.push((*id).to_owned());
            }
            exists
        });
        // The agents of the snapshot are all stored by now, so equal numbers mean equal names.
        if self.agents.len() > snapshot.agents.len() {
            let names: HashSet<&str> = snapshot.agents.iter().map(|agent| agent.name.as_str()).collect();
            self.agents.retain(|name, _| {
                let exists = names.contains(&**name);
                if !exists {
                    removed.push(agent_id(name));
                }
                exists
            });
        }
        removed.sort();
        removed
    }
}

/// Stores a value; returns whether it differs from the previous one.
fn replace(stored: &mut Option<u64>, value: u64) -> bool {
    stored.replace(value) != Some(value)
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
