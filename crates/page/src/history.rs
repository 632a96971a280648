//! What the last hour was like: one slot a minute, half a byte each, and a gap where nobody looked.

mod minute;
mod slots;
mod up_count;

use std::collections::HashMap;

use jiff::Timestamp;
use mosaic_probe::snapshot::{AgentSnapshot, Condition, Snapshot};

pub(crate) use minute::Minute;
pub(crate) use slots::MINUTES;
use slots::Slots;
pub(crate) use up_count::UpCount;

/// The last hour of a fleet, as far as somebody looked: 30 bytes and a name for each agent.
///
/// Nothing is filled in: a minute without a look stays a gap. A slot says the worst that was seen in
/// its minute, so that a death of a second is not lost in a minute of life.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The last minute that was noted, in minutes since 1970.
    newest: i64,
    agents: HashMap<Box<str>, Slots>,
    fleet: Vec<Option<UpCount>>,
}

/// An hour, from an hour ago to now; `None` where nobody looked.
pub(crate) type Hour<T> = [Option<T>; MINUTES];

impl History {
    /// Takes a look into the minute that it was made in.
    pub fn note(&mut self, now: Timestamp, snapshot: &Snapshot) {
        let minute = minute_of(now);
        self.move_to(minute);
        for agent in &snapshot.agents {
            self.note_agent(minute, agent);
        }
        self.agents.retain(|_, slots| !slots.is_empty());
        let count = |condition| u16::try_from(snapshot.count(condition)).unwrap_or(u16::MAX);
        let all = u16::try_from(snapshot.managed().count()).unwrap_or(u16::MAX);
        let seen = UpCount { up: count(Condition::Up), of: all };
        let slot = &mut self.fleet[place(minute)];
        *slot = Some(slot.map_or(seen, |before| before.worse(seen)));
    }

    /// The last hour of an agent.
    pub(crate) fn agent(&self, name: &str, now: Timestamp) -> Hour<Minute> {
        let slots = self.agents.get(name);
        self.hour(now, |minute| slots?.get(place(minute)))
    }

    /// How many were up.
    pub(crate) fn fleet(&self, now: Timestamp) -> Hour<UpCount> {
        self.hour(now, |minute| self.fleet.get(place(minute)).copied().flatten())
    }

    fn hour<T>(&self, now: Timestamp, at: impl Fn(i64) -> Option<T>) -> Hour<T> {
        let last = minute_of(now);
        std::array::from_fn(|back| {
            let minute = last - offset(MINUTES - 1 - back);
            let kept = minute <= self.newest && minute > self.newest - offset(MINUTES);
            kept.then(|| at(minute)).flatten()
        })
    }

    fn note_agent(&mut self, minute: i64, agent: &AgentSnapshot) {
        if !self.agents.contains_key(agent.name.as_str()) {
            self.agents.insert(agent.name.as_str().into(), Slots::default());
        }
        let Some(slots) = self.agents.get_mut(agent.name.as_str()) else { return };
        slots.note(place(minute), agent.condition);
        let printed = agent.session.as_ref().and_then(|session| session.last_output.as_deref()?.parse().ok());
        // Output may be of a minute before this look; in a gap it stays unseen.
        if let Some(printed) =
            printed.map(minute_of).filter(|then| (minute - offset(MINUTES) + 1..=minute).contains(then))
        {
            slots.note_output(place(printed));
        }
    }

    /// Forgets what is between the last note and this one, which is what was there an hour before.
    fn move_to(&mut self, minute: i64) {
        self.fleet.resize(MINUTES, None);
        // A clock that was set back takes the minutes along that have not been yet.
        let (from, to) = if minute < self.newest { (minute + 1, self.newest) } else { (self.newest + 1, minute) };
        let gone = (from..=to).take(MINUTES).map(place);
        for place in gone {
            self.fleet[place] = None;
            self.agents.values_mut().for_each(|slots| slots.clear(place));
        }
        self.newest = minute;
    }
}

fn minute_of(time: Timestamp) -> i64 {
    time.as_second().div_euclid(60)
}

fn offset(minutes: usize) -> i64 {
    i64::try_from(minutes).unwrap_or(i64::MAX)
}

/// Where a minute is kept: after an hour its place is another's.
fn place(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(offset(MINUTES))).unwrap_or(0)
}

#[cfg(test)]
mod tests;
