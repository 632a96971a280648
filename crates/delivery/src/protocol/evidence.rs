//! What of a message is to be seen outside the composer.

use super::OwnText;
use mosaic_runtimes::Composer;
use mosaic_runtimes::Profile;
use mosaic_runtimes::{Screen, StyledLine, letters};

/// How often the message shows, so that before and after can be compared: the same text may have been
/// sent before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// As a turn, by its beginning.
    heads: usize,
    /// As a turn, by its end.
    tails: usize,
    /// Notes that stand for long texts: some programs leave them in their turns.
    folded: usize,
    /// As a note that the program keeps it.
    notes: usize,
    /// The program is at work.
    busy: bool,
}

impl Evidence {
    pub(super) fn of(screen: &Screen, composer: Option<&Composer>, own: &OwnText, profile: &Profile) -> Self {
        let is_outside = |at: usize| composer.is_none_or(|composer| at < composer.begin || at >= composer.end);
        let note = |line: &StyledLine| {
            let found = profile.queued.as_ref().and_then(|pattern| pattern.captures(&line.text))?;
            Some(found.name("text").map(|text| text.as_str().to_owned()))
        };
        let (mut turns, mut notes) = (String::new(), 0);
        for (at, line) in screen.lines.iter().enumerate().filter(|(at, _)| is_outside(*at)) {
            match note(line) {
                // Part of what is drawn at the end of the screen, not of what has gone up.
                Some(beginning) if at >= screen.history => {
                    notes += usize::from(beginning.is_none_or(|beginning| own.begins_with(&beginning)));
                }
                _ => {
                    turns.push_str(&line.text);
                    turns.push('\n');
                }
            }
        }
        let (heads, tails) = own.times_in(&turns);
        Self { heads, tails, folded: folded(&turns, profile), notes, busy: profile.is_busy_on(screen) }
    }

    /// Is there a turn that was not there?
    pub(super) fn has_turn_since(self, before: Self) -> bool {
        self.heads > before.heads || self.tails > before.tails || self.folded > before.folded
    }

    /// Is it kept for later?
    pub(super) fn has_note_since(self, before: Self) -> bool {
        // One with the same beginning may have become a turn while ours took its place.
        self.notes > before.notes || (before.notes > 0 && self.notes == before.notes && self.has_turn_since(before))
    }

    /// Has the program begun to work?
    pub(super) fn works_since(self, before: Self) -> bool {
        self.busy && !before.busy
    }
}

/// How many notes that stand for long texts show.
fn folded(text: &str, profile: &Profile) -> usize {
    let Some(pattern) = &profile.pasted else { return 0 };
    let is_note = |line: &str| {
        let line = line.trim_start_matches(|sign: char| !sign.is_alphanumeric() && sign != '[').trim();
        !letters(line).is_empty() && pattern.matches(line)
    };
    text.lines().filter(|line| is_note(line)).count()
}
