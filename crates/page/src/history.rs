//! The conditions of the last hour, with one slot per minute and a gap for each minute without an observation.

use std::collections::HashMap;

use jiff::Timestamp;
use mosaic_probe::snapshot::{AgentSnapshot, Condition, Snapshot};

/// The number of minutes that are kept.
pub(crate) const MINUTES: usize = 60;

/// The last hour of a fleet: 30 bytes and a name per agent.
///
/// A minute without an observation stays a gap. A slot keeps the worst condition of its minute, so that a short outage
/// is visible.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The latest recorded minute, in minutes since 1970.
    newest: i64,
    agents: HashMap<Box<str>, Slots>,
    fleet: Vec<Option<UpCount>>,
}

/// The slots from an hour ago to now; `None` for a gap.
pub(crate) type Hour<T> = [Option<T>; MINUTES];

/// One slot of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Minute {
    /// The worst observed condition.
    pub(crate) condition: Condition,
    /// Whether the agent printed output.
    pub(crate) printed: bool,
}

/// One slot of the fleet: the fewest agents that were up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UpCount {
    /// The number of agents that were up.
    pub(crate) up: u16,
    /// The number of agents in the roster.
    pub(crate) of: u16,
}

impl History {
    /// Records a snapshot.
    pub fn record(&mut self, now: Timestamp, snapshot: &Snapshot) {
        let minute = minute_of(now);
        self.advance_to(minute);
        for agent in &snapshot.agents {
            self.record_agent(minute, agent);
        }
        self.agents.retain(|_, slots| !slots.is_empty());
        let count = |condition| u16::try_from(snapshot.count(condition)).unwrap_or(u16::MAX);
        let all = u16::try_from(snapshot.managed().count()).unwrap_or(u16::MAX);
        let seen = UpCount { up: count(Condition::Up), of: all };
        let slot = &mut self.fleet[slot_index(minute)];
        *slot = Some(slot.map_or(seen, |before| before.worse(seen)));
    }

    /// The last hour of an agent.
    pub(crate) fn agent(&self, name: &str, now: Timestamp) -> Hour<Minute> {
        let slots = self.agents.get(name);
        self.hour(now, |minute| slots?.get(slot_index(minute)))
    }

    /// The last hour of the fleet.
    pub(crate) fn fleet(&self, now: Timestamp) -> Hour<UpCount> {
        self.hour(now, |minute| self.fleet.get(slot_index(minute)).copied().flatten())
    }

    fn hour<T>(&self, now: Timestamp, at: impl Fn(i64) -> Option<T>) -> Hour<T> {
        let last = minute_of(now);
        std::array::from_fn(|back| {
            let minute = last - offset(MINUTES - 1 - back);
            let kept = minute <= self.newest && minute > self.newest - offset(MINUTES);
            kept.then(|| at(minute)).flatten()
        })
    }

    fn record_agent(&mut self, minute: i64, agent: &AgentSnapshot) {
        if !self.agents.contains_key(agent.name.as_str()) {
            self.agents.insert(agent.name.as_str().into(), Slots::default());
        }
        let Some(slots) = self.agents.get_mut(agent.name.as_str()) else { return };
        slots.record(slot_index(minute), agent.condition);
        let printed = agent.session.as_ref().and_then(|session| session.last_output);
        // The output may belong to an earlier minute. In a gap it is not recorded.
        if let Some(printed) =
            printed.map(minute_of).filter(|then| (minute - offset(MINUTES) + 1..=minute).contains(then))
        {
            slots.record_output(slot_index(printed));
        }
    }

    /// Clears the slots between the latest recorded minute and this one, which are an hour old.
    fn advance_to(&mut self, minute: i64) {
        self.fleet.resize(MINUTES, None);
        // If the clock was set back, the minutes that are now in the future are cleared.
        let (from, to) = if minute < self.newest { (minute + 1, self.newest) } else { (self.newest + 1, minute) };
        let gone = (from..=to).take(MINUTES).map(slot_index);
        for index in gone {
            self.fleet[index] = None;
            self.agents.values_mut().for_each(|slots| slots.clear(index));
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

/// The index of a minute's slot, which is reused after an hour.
fn slot_index(minute: i64) -> usize {
    usize::try_from(minute.rem_euclid(offset(MINUTES))).unwrap_or(0)
}

impl Minute {
    /// Encodes the slot in four bits: bit 3 is the output, and bits 0 to 2 are the severity. 0 is a gap.
    fn bits(self) -> u8 {
        severity(self.condition) | u8::from(self.printed) << 3
    }

    fn from_bits(bits: u8) -> Option<Self> {
        let condition = Condition::ALL.into_iter().find(|condition| severity(*condition) == bits & 7)?;
        Some(Self { condition, printed: bits & 8 != 0 })
    }
}

/// The severity of a condition; the highest of a minute is kept.
fn severity(condition: Condition) -> u8 {
    match condition {
        Condition::Up => 1,
        Condition::Stopped => 2,
        Condition::Starting => 3,
        Condition::Stale => 4,
        Condition::Unknown => 5,
        Condition::Missing => 6,
        Condition::Dead => 7,
    }
}

impl UpCount {
    /// The count with more agents down.
    fn worse(self, other: Self) -> Self {
        if other.of.saturating_sub(other.up) >= self.of.saturating_sub(self.up) { other } else { self }
    }
}

/// The minutes of one agent, two per byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Slots([u8; MINUTES / 2]);

impl Slots {
    fn get(&self, index: usize) -> Option<Minute> {
        Minute::from_bits(self.0[index / 2] >> shift(index) & 15)
    }

    /// Records a condition, unless the slot has a worse one.
    fn record(&mut self, index: usize, condition: Condition) {
        let before = self.get(index);
        let printed = before.is_some_and(|minute| minute.printed);
        let worst = before.map(|minute| minute.condition).filter(|before| severity(*before) > severity(condition));
        self.set(index, Minute { condition: worst.unwrap_or(condition), printed }.bits());
    }

    /// Records output, unless the slot is a gap.
    fn record_output(&mut self, index: usize) {
        if let Some(minute) = self.get(index) {
            self.set(index, Minute { printed: true, ..minute }.bits());
        }
    }

    fn clear(&mut self, index: usize) {
        self.set(index, 0);
    }

    /// Whether all slots are gaps.
    fn is_empty(&self) -> bool {
        self.0 == [0; MINUTES / 2]
    }

    fn set(&mut self, index: usize, bits: u8) {
        let byte = &mut self.0[index / 2];
        *byte = *byte & !(15 << shift(index)) | bits << shift(index);
    }
}

fn shift(index: usize) -> u32 {
    if index.is_multiple_of(2) { 0 } else { 4 }
}

#[cfg(test)]
mod tests;
