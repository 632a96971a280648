//! One text on its way into one pane.

use std::time::{Duration, Instant};

use super::evidence::Evidence;
use super::{Occupant, OwnText, Patience, Sight, Step};
use crate::{Doubt, Outcome, Refusal};
use mosaic_runtimes::Composer;
use mosaic_runtimes::Screen;
use mosaic_runtimes::{ComposerForm, Dialog, Profile};

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Not while the agent is at work.
    pub only_when_idle: bool,
    /// An Enter that was swallowed may be pressed again.
    pub rescue: bool,
    /// That the program keeps the message for later is not enough: it is to show as a turn.
    pub until_turn: bool,
    /// The deadlines.
    pub patience: Patience,
}

/// The text, and how far it has come.
#[derive(Clone, Debug)]
pub struct Errand<'a> {
    profile: &'a Profile,
    own: OwnText,
    is_command: bool,
    request: Request,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Nothing was typed.
    Ready { since: Instant },
    /// It was pasted. Before that the composer showed `prompt`.
    Typed { since: Instant, prompt: String },
    /// Enter was pressed, the last time at `pressed`; the composer showed `entered` then.
    Submitted {
        since: Instant,
        pressed: Instant,
        again: bool,
        prompt: String,
        before: Evidence,
        shown: Screen,
        entered: String,
    },
}

impl<'a> Errand<'a> {
    /// A text that is to be typed now.
    #[must_use]
    pub fn new(profile: &'a Profile, text: &str, request: Request, now: Instant) -> Self {
        let stage = Stage::Ready { since: now };
        Self { profile, own: OwnText::new(text), is_command: profile.is_command(text), request, stage }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self, sight: &Sight, now: Instant) -> Step {
        let composer = self.composer(&sight.screen);
        match &self.stage {
            Stage::Ready { since } => match self.obstacle(sight, composer.as_ref()) {
                None => Step::Type,
                Some(refusal) if now.duration_since(*since) >= self.patience_for(&refusal) => {
                    Step::End(Outcome::Refused(refusal))
                }
                Some(_) => Step::Wait,
            },
            Stage::Typed { since, prompt } => {
                let late = now.duration_since(*since) >= self.request.patience.shown;
                match sight.occupant {
                    Occupant::Meant => {}
                    _ => return unconfirmed(Doubt::ProcessEnded),
                }
                match composer {
                    Some(composer) if !sight.in_mode && self.own.is_in(&composer, self.profile, prompt) => Step::Press,
                    _ if late && sight.in_mode => unconfirmed(Doubt::InMode),
                    _ if late => unconfirmed(Doubt::NotShown),
                    _ => Step::Wait,
                }
            }
            Stage::Submitted { .. } => self.after_enter(sight, composer.as_ref(), now),
        }
    }

    /// It was pasted after this look.
    pub fn typed(&mut self, sight: &Sight, now: Instant) {
        let composer = Composer::find(&self.profile.composer, &sight.screen);
        self.stage = Stage::Typed { since: now, prompt: composer.map(|composer| composer.text).unwrap_or_default() };
    }

    /// Enter was pressed after this look.
    pub fn pressed(&mut self, sight: &Sight, now: Instant) {
        let composer = self.composer(&sight.screen);
        let seen = Evidence::of(&sight.screen, composer.as_ref(), &self.own, self.profile);
        self.stage = match std::mem::replace(&mut self.stage, Stage::Ready { since: now }) {
            Stage::Submitted { since, prompt, before, shown, entered, .. } => {
                Stage::Submitted { since, pressed: now, again: true, prompt, before, shown, entered }
            }
            Stage::Typed { prompt, .. } => {
                let shown = sight.screen.clone();
                let entered = composer.map(|composer| composer.text).unwrap_or_default();
                Stage::Submitted { since: now, pressed: now, again: false, prompt, before: seen, shown, entered }
            }
            ready @ Stage::Ready { .. } => ready,
        };
    }

    /// The composer; once the text was typed, that in which it stands, if there is one.
    fn composer(&self, screen: &Screen) -> Option<Composer> {
        let mut candidates = Composer::candidates(&self.profile.composer, screen).into_iter();
        let likely = candidates.next()?;
        let prompt = match &self.stage {
            Stage::Ready { .. } => return Some(likely),
            Stage::Typed { prompt, .. } | Stage::Submitted { prompt, .. } => prompt,
        };
        if self.own.is_in(&likely, self.profile, prompt) {
            return Some(likely);
        }
        Some(candidates.find(|other| self.own.is_exactly_in(other)).unwrap_or(likely))
    }

    fn dialog(&self, screen: &Screen, composer: Option<&Composer>) -> Option<&Dialog> {
        self.profile.dialogs.iter().find(|dialog| dialog.is_on(screen, composer))
    }

    /// Why nothing may be typed at this moment.
    fn obstacle(&self, sight: &Sight, composer: Option<&Composer>) -> Option<Refusal> {
        match sight.occupant {
            Occupant::Nobody => return Some(Refusal::NoSession),
            Occupant::Dead => return Some(Refusal::Dead),
            Occupant::Another => return Some(Refusal::AnotherProcess),
            Occupant::Meant => {}
        }
        if sight.in_mode {
            return Some(Refusal::InMode);
        }
        if let Some(dialog) = self.dialog(&sight.screen, composer) {
            return Some(Refusal::Dialog(dialog.name.clone()));
        }
        // Nobody asks for anything but a secret without showing what is typed.
        if sight.input.is_some_and(|input| input.canonical && !input.echo) {
            return Some(Refusal::Dialog("password".to_owned()));
        }
        let Some(composer) = composer else { return Some(Refusal::NoComposer) };
        // One that has not set its terminal up yet would get the text as lines.
        let draws = matches!(self.profile.composer, ComposerForm::Box { .. });
        if draws && sight.input.is_some_and(|input| input.canonical) {
            return Some(Refusal::NoComposer);
        }
        if !composer.is_empty {
            return Some(if draws || begins_with_prompt(&self.profile.composer, &composer.text) {
                Refusal::Draft
            } else {
                Refusal::NoComposer
            });
        }
        if sight.input.is_some_and(|input| input.unread > 0) {
            return Some(Refusal::NotReading);
        }
        (self.request.only_when_idle && self.profile.is_busy_on(&sight.screen)).then_some(Refusal::Busy)
    }

    fn patience_for(&self, refusal: &Refusal) -> Duration {
        let patience = &self.request.patience;
        match refusal {
            Refusal::NoComposer | Refusal::NotReading => patience.ready,
            Refusal::InMode | Refusal::Draft | Refusal::Dialog(_) | Refusal::Busy => patience.obstructed,
            _ => Duration::ZERO,
        }
    }

    fn after_enter(&self, sight: &Sight, composer: Option<&Composer>, now: Instant) -> Step {
        let Stage::Submitted { since, pressed, again, prompt, before, shown, entered } = &self.stage else {
            return Step::Wait;
        };
        if sight.is_reported {
            return Step::End(Outcome::Accepted);
        }
        let seen = Evidence::of(&sight.screen, composer, &self.own, self.profile);
        if self.own.is_blank() && was_read(sight) && sight.screen != *shown {
            return Step::End(Outcome::Accepted);
        }
        let is_ours = composer.is_some_and(|composer| self.own.is_in(composer, self.profile, prompt));
        let was_read = was_read(sight);
        let late = now.duration_since(*since) >= self.request.patience.accepted;
        let is_kept = seen.has_note_since(*before);
        // A frame that is only half drawn shows no composer either, and our text in its place.
        let is_drawn = composer.is_some() || self.dialog(&sight.screen, composer).is_some();
        if is_drawn && !is_ours && was_read {
            let left = composer.is_some_and(|composer| composer.is_empty);
            let has_turn = seen.has_turn_since(*before) || (left && (self.is_command || seen.works_since(*before)));
            match () {
                () if is_kept && (late || !self.request.until_turn) => return Step::End(Outcome::Queued),
                () if has_turn && !is_kept => return Step::End(Outcome::Accepted),
                () => {}
            }
        }
        // A server that is gone, or a process that has ended, shows nothing more.
        if sight.occupant != Occupant::Meant {
            return unconfirmed(Doubt::ProcessEnded);
        }
        let is_unchanged = composer.is_some_and(|composer| composer.text == *entered);
        let is_swallowed =
            is_ours && is_unchanged && sight.input.is_some_and(|input| input.unread == 0) && !sight.in_mode;
        if is_swallowed && self.request.rescue && !again && now.duration_since(*pressed) >= self.request.patience.rescue
        {
            return Step::Press;
        }
        match () {
            () if !late => Step::Wait,
            () if is_ours => unconfirmed(Doubt::StillThere),
            () if !was_read => unconfirmed(Doubt::NotRead),
            () => unconfirmed(Doubt::NoTurn),
        }
    }
}

/// Was all that was typed read? Where that cannot be seen, the screen has to do.
fn was_read(sight: &Sight) -> bool {
    sight.input.is_none_or(|input| input.unread == 0)
}

/// Is there a prompt with something behind it, and not just the output of a program?
fn begins_with_prompt(form: &ComposerForm, line: &str) -> bool {
    let ComposerForm::Line { prompt } = form else { return false };
    line.char_indices().skip(1).any(|(at, _)| prompt.matches(&line[..at]))
}

fn unconfirmed(doubt: Doubt) -> Step {
    Step::End(Outcome::Unconfirmed(doubt))
}
