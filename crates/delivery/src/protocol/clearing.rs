//! Removing a text of ours from a composer.

use std::time::{Duration, Instant};

use mosaic_runtimes::{Composer, Profile};

use super::evidence::TypedText;
use super::{PaneCapture, PaneProcess};

/// What to do next to remove the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClearingStep {
    /// Press this key.
    Press(&'static str),
    /// Observe the pane again after a pause.
    Wait,
    /// The composer no longer shows the text.
    Cleared,
    /// The composer does not show the text alone, or the program does not remove it.
    NotCleared,
}

/// One attempt to remove a text from a composer. Ctrl-U removes a line up to the cursor in shells and in the programs of
/// agents; Backspace joins the line with the one before. Neither has an effect on an empty composer.
#[derive(Debug)]
pub struct Clearing<'a> {
    profile: &'a Profile,
    own: TypedText,
    since: Instant,
    pressed: usize,
    /// What the composer showed when the last key was pressed, and when that was.
    before: Option<(String, Instant)>,
}

/// How long the removal may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long a program may take to show the effect of a key.
const KEY_TIMEOUT: Duration = Duration::from_millis(500);

impl<'a> Clearing<'a> {
    /// Starts to remove a text from the composer that shows it in this capture; `None` if it does not show the text. The
    /// first of the two is the beginning that was typed.
    #[must_use]
    pub fn new(profile: &'a Profile, (typed, text): (&str, &str), capture: &PaneCapture, now: Instant) -> Option<Self> {
        let own = TypedText::new(text).with_typed(typed);
        own.prompt_on(&capture.screen, profile)?;
        Some(Self { profile, own, since: now, pressed: 0, before: None })
    }

    /// Decides the next step.
    pub fn next(&mut self, capture: &PaneCapture, now: Instant) -> ClearingStep {
        let late = now.duration_since(self.since) >= TIMEOUT;
        let composer = Composer::find(&self.profile.composer, &capture.screen);
        let Some(composer) = composer.filter(|_| capture.process == PaneProcess::Expected && !capture.in_mode) else {
            return if late { ClearingStep::NotCleared } else { ClearingStep::Wait };
        };
        let is_read = capture.input.is_none_or(|input| input.unread == 0);
        if composer.is_empty && is_read {
            return ClearingStep::Cleared;
        }
        let is_ours = self.own.contains(&composer) || self.own.prompt_on(&capture.screen, self.profile).is_some();
        if late || (is_read && !is_ours && self.pressed == 0) {
            return ClearingStep::NotCleared;
        }
        let is_settled = self
            .before
            .as_ref()
            .is_none_or(|(before, at)| *before != composer.text || now.duration_since(*at) >= KEY_TIMEOUT);
        if !is_read || !is_ours || !is_settled {
            return ClearingStep::Wait;
        }
        let key = if self.pressed.is_multiple_of(2) { "C-u" } else { "BSpace" };
        self.pressed += 1;
        self.before = Some((composer.text, now));
        ClearingStep::Press(key)
    }
}
