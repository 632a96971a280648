//! What changed on the page since it was last said.

mod message;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use mosaic_probe::snapshot::{AgentSnapshot, Condition, Snapshot};

use crate::History;
use crate::agent_row::{AgentRow, CELLS};
use crate::agents_table::{group_heading, groups};
use crate::ages::Ages;
use crate::announcement::{Announced, announcements};
use crate::drift_section::drift_section;
use crate::element_id::agent_id;
use crate::fleet_state::{FleetState, title};
use crate::header::{fleet_hour, place, sources, summary};
use crate::need::Need;
use crate::view::View;
use message::Message;

/// A page that hears nothing for longer than this and some doubts what it shows.
const SIGN_OF_LIFE_SECONDS: i64 = 5;

/// What one reader's page shows: a number for each element, so that a page costs 100 bytes an agent.
///
/// The first message says everything, whatever the page was made from.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    elements: HashMap<&'static str, u64>,
    agents: HashMap<Box<str>, Shown>,
    tab: Option<u64>,
    order: Option<u64>,
    said: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    condition: Condition,
    need: Need,
    cells: [u64; CELLS],
}

impl Changes {
    /// What to tell the page, as one line of JSON: the `data:` of an event. Nothing if it knows all of
    /// it and was told so a moment ago.
    pub fn between(
        &mut self,
        snapshot: &Snapshot,
        verified: Option<bool>,
        history: &History,
        now: Timestamp,
    ) -> Option<String> {
        let view = View { snapshot, verified, history, now, ages: Ages::ByThePage };
        let mut message = Message::new(snapshot, now);
        let first = self.said.is_none();
        self.fixed(&view, &mut message);
        let order = self.table(&view, &mut message, first);
        if let Some(order) = order {
            message.order = Some(order);
        }
        let state = FleetState::of(snapshot);
        let title = title(snapshot);
        if replaced(&mut self.tab, hash(&(&title, state))) {
            message.title = Some(title);
            message.favicon = Some(state.as_str());
        }
        let silent = self.said.is_none_or(|said| now.as_second() - said.as_second() >= SIGN_OF_LIFE_SECONDS);
        if message.is_empty() && !silent {
            return None;
        }
        self.said = Some(now);
        message.into_json()
    }

    fn fixed(&mut self, view: &View<'_>, message: &mut Message) {
        let parts = [
            ("summary", summary(view)),
            ("hour", fleet_hour(view)),
            ("place", place(view)),
            ("sources", sources(view)),
            ("drift", drift_section(view)),
        ];
        for (id, part) in parts {
            if self.elements.insert(id, hash(&part.0)) != Some(hash(&part.0)) {
                message.fragments.insert(id.to_owned(), part.0);
            }
        }
    }

    /// The rows that changed, and the order of all if that did.
    fn table(&mut self, view: &View<'_>, message: &mut Message, first: bool) -> Option<Vec<String>> {
        let mut order = Vec::with_capacity(view.snapshot.agents.len() + 4);
        let mut news = Vec::new();
        let mut headings = HashMap::new();
        for (need, agents) in groups(view.snapshot) {
            let heading = group_heading(need, agents.len());
            headings.insert(need.id(), hash(&heading.0));
            if self.elements.get(need.id()) != headings.get(need.id()) {
                message.fragments.insert(need.id().to_owned(), heading.0);
            }
            order.push(need.id().to_owned());
            for agent in agents {
                let row = AgentRow::of(agent, view);
                news.extend(self.row(agent, &row, message).filter(|_| !first && agent.managed));
                order.push(row.id);
            }
        }
        message.removed = self.forget(view.snapshot, &headings);
        self.elements.extend(headings);
        message.announce = announcements(&news);
        replaced(&mut self.order, hash(&order)).then_some(order)
    }

    /// Notes what is shown of an agent; says what there is to tell of it.
    fn row<'a>(&mut self, agent: &'a AgentSnapshot, row: &AgentRow, message: &mut Message) -> Option<Announced<'a>> {
        let shown = Shown { condition: agent.condition, need: Need::of(agent), cells: row.texts().map(hash) };
        let before = match self.agents.get_mut(agent.name.as_str()) {
            Some(before) => Some(std::mem::replace(before, shown)),
            None => self.agents.insert(agent.name.as_str().into(), shown),
        };
        match before {
            None => {
                message.fragments.insert(row.id.clone(), row.whole().0);
            }
            Some(before) => {
                let differ = |at: &usize| before.cells[*at] != shown.cells[*at];
                let cells: Vec<usize> = (0..CELLS).filter(differ).collect();
                if !cells.is_empty() {
                    let changed = row.cells().enumerate().filter(|(at, _)| cells.contains(at));
                    message.fragments.extend(changed.map(|(_, (id, cell))| (id, cell.0.clone())));
                }
            }
        }
        Announced::of(agent, before.map(|before| (before.condition, before.need)))
    }

    /// Drops what is no longer there.
    fn forget(&mut self, snapshot: &Snapshot, headings: &HashMap<&'static str, u64>) -> Vec<String> {
        let mut removed = Vec::new();
        self.elements.retain(|id, _| {
            let there = !id.starts_with("g-") || headings.contains_key(id);
            if !there {
                removed.push((*id).to_owned());
            }
            there
        });
        // Those of this look are noted by now, so as many as in it means the same.
        if self.agents.len() > snapshot.agents.len() {
            let names: HashSet<&str> = snapshot.agents.iter().map(|agent| agent.name.as_str()).collect();
            self.agents.retain(|name, _| {
                let there = names.contains(&**name);
                if !there {
                    removed.push(agent_id(name));
                }
                there
            });
        }
        removed.sort();
        removed
    }
}

/// Takes a new value; says whether it is new.
fn replaced(place: &mut Option<u64>, value: u64) -> bool {
    place.replace(value) != Some(value)
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
