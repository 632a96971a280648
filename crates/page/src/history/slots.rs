//! Sixty minutes in thirty bytes.

use mosaic_probe::snapshot::Condition;

use super::Minute;
use super::minute::badness;

/// How many minutes are kept.
pub(crate) const MINUTES: usize = 60;

/// The minutes of one agent, by their place; two in a byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots([u8; MINUTES / 2]);

impl Slots {
    /// What was seen at a place.
    pub(super) fn get(&self, place: usize) -> Option<Minute> {
        Minute::of(self.0[place / 2] >> shift(place) & 15)
    }

    /// A look: the worst that was seen stays.
    pub(super) fn note(&mut self, place: usize, condition: Condition) {
        let before = self.get(place);
        let printed = before.is_some_and(|minute| minute.printed);
        let worst = before.map(|minute| minute.condition).filter(|before| badness(*before) > badness(condition));
        self.set(place, Minute { condition: worst.unwrap_or(condition), printed }.bits());
    }

    /// Output within a minute in which somebody looked.
    pub(super) fn note_output(&mut self, place: usize) {
        if let Some(minute) = self.get(place) {
            self.set(place, Minute { printed: true, ..minute }.bits());
        }
    }

    pub(super) fn clear(&mut self, place: usize) {
        self.set(place, 0);
    }

    /// Nobody looked for the whole hour.
    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; MINUTES / 2]
    }

    fn set(&mut self, place: usize, bits: u8) {
        let byte = &mut self.0[place / 2];
        *byte = *byte & !(15 << shift(place)) | bits << shift(place);
    }
}

fn shift(place: usize) -> u32 {
    if place.is_multiple_of(2) { 0 } else { 4 }
}
