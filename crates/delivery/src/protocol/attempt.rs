//! One attempt to deliver a text into a pane.

use std::time::{Duration, Instant};

use mosaic_runtimes::{Composer, ComposerForm, Dialog, Profile, Screen};

use super::evidence::{Evidence, TypedText};
use super::{PaneCapture, PaneProcess};
use crate::{Outcome, Refusal, UnconfirmedReason};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Paste the text.
    Type,
    /// Press Enter.
    Press,
    /// Observe the pane again after a pause.
    Wait,
    /// Stop with this outcome.
    End(Outcome),
}

/// How a text is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryOptions {
    /// Whether the text is typed only while the agent is idle.
    pub only_when_idle: bool,
    /// Whether an Enter without effect may be pressed again.
    pub retry_enter: bool,
    /// Whether the text has to appear as a turn, and it does not suffice that the program keeps it for later.
    pub until_turn: bool,
    /// How long each step may take.
    pub timeouts: DeliveryTimeouts,
}

/// How long each step of a delivery may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryTimeouts {
    /// Until the deliveries before this one have ended. Each of them takes its time.
    pub lock: Duration,
    /// Until there is a composer that can be typed into. A program may be starting.
    pub ready: Duration,
    /// Until a draft, a dialog or a mode is out of the way. It is shorter than `ready`, because only a person can end it.
    pub obstructed: Duration,
    /// From the paste until the composer shows it.
    pub shown: Duration,
    /// From Enter until the message is accepted.
    pub accepted: Duration,
    /// From an Enter without effect until it is pressed again.
    pub retry_enter: Duration,
}

impl Default for DeliveryTimeouts {
    /// The timeouts for a person at a terminal. Programs show a paste within 50 ms and a turn within 300 ms; on a busy
    /// host it takes seconds.
    fn default() -> Self {
        Self {
            lock: Duration::from_mins(1),
            ready: Duration::from_secs(10),
            obstructed: Duration::from_secs(1),
            shown: Duration::from_secs(10),
            accepted: Duration::from_secs(10),
            retry_enter: Duration::from_millis(1500),
        }
    }
}

impl DeliveryTimeouts {
    /// Returns timeouts that wait this long for the agent to become ready, and again for it to accept the message.
    #[must_use]
    pub fn with_wait(wait: Duration) -> Self {
        let default = Self::default();
        // Enter is pressed again early enough to see its effect.
        let retry_enter = default.retry_enter.min(wait / 2);
        Self { lock: wait, ready: wait, obstructed: wait, accepted: wait, shown: wait.max(default.shown), retry_enter }
    }
}

/// One attempt to deliver a text into a pane, and its progress.
#[derive(Clone, Debug)]
pub struct DeliveryAttempt<'a> {
    profile: &'a Profile,
    own: TypedText,
    is_command: bool,
    options: DeliveryOptions,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Nothing was typed yet.
    Ready { since: Instant },
    /// The text was pasted. Before that, the composer showed `prompt`.
    Typed { since: Instant, prompt: String },
    /// Enter was pressed, the last time at `pressed`, when the composer showed `entered`.
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

impl<'a> DeliveryAttempt<'a> {
    /// Starts an attempt to deliver a text.
    #[must_use]
    pub fn new(profile: &'a Profile, text: &str, options: DeliveryOptions, now: Instant) -> Self {
        let stage = Stage::Ready { since: now };
        Self { profile, own: TypedText::new(text), is_command: profile.is_command(text), options, stage }
    }

    /// Decides the next step.
    #[must_use]
    pub fn next(&self, capture: &PaneCapture, now: Instant) -> Step {
        let composer = self.composer(&capture.screen);
        match &self.stage {
            Stage::Ready { since } => match self.obstacle(capture, composer.as_ref()) {
                None => Step::Type,
                Some(refusal) if now.duration_since(*since) >= self.timeout_for(&refusal) => {
                    Step::End(Outcome::Refused(refusal))
                }
                Some(_) => Step::Wait,
            },
            Stage::Typed { since, prompt } => {
                let late = now.duration_since(*since) >= self.options.timeouts.shown;
                match capture.process {
                    PaneProcess::Expected => {}
                    _ => return unconfirmed(UnconfirmedReason::ProcessEnded),
                }
                match composer {
                    Some(composer) if !capture.in_mode && self.own.is_in(&composer, self.profile, prompt) => {
                        Step::Press
                    }
                    _ if late && capture.in_mode => unconfirmed(UnconfirmedReason::InMode),
                    _ if late => unconfirmed(UnconfirmedReason::NotShown),
                    _ => Step::Wait,
                }
            }
            Stage::Submitted { .. } => self.after_enter(capture, composer.as_ref(), now),
        }
    }

    /// Records that the text was pasted after this capture.
    pub fn record_typed(&mut self, capture: &PaneCapture, now: Instant) {
        let composer = Composer::find(&self.profile.composer, &capture.screen);
        self.stage = Stage::Typed { since: now, prompt: composer.map(|composer| composer.text).unwrap_or_default() };
    }

    /// Records that Enter was pressed after this capture.
    pub fn record_enter(&mut self, capture: &PaneCapture, now: Instant) {
        let composer = self.composer(&capture.screen);
        let seen = Evidence::collect(&capture.screen, composer.as_ref(), &self.own, self.profile);
        self.stage = match std::mem::replace(&mut self.stage, Stage::Ready { since: now }) {
            Stage::Submitted { since, prompt, before, shown, entered, .. } => {
                Stage::Submitted { since, pressed: now, again: true, prompt, before, shown, entered }
            }
            Stage::Typed { prompt, .. } => {
                let shown = capture.screen.clone();
                let entered = composer.map(|composer| composer.text).unwrap_or_default();
                Stage::Submitted { since: now, pressed: now, again: false, prompt, before: seen, shown, entered }
            }
            ready @ Stage::Ready { .. } => ready,
        };
    }

    /// Finds the composer; once the text was typed, the candidate that contains it, if there is one.
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

    /// Returns why nothing may be typed now.
    fn obstacle(&self, capture: &PaneCapture, composer: Option<&Composer>) -> Option<Refusal> {
        match capture.process {
            PaneProcess::Gone => return Some(Refusal::NoSession),
            PaneProcess::Dead => return Some(Refusal::Dead),
            PaneProcess::Another => return Some(Refusal::AnotherProcess),
            PaneProcess::Expected => {}
        }
        if capture.in_mode {
            return Some(Refusal::InMode);
        }
        if let Some(dialog) = self.dialog(&capture.screen, composer) {
            return Some(Refusal::Dialog(dialog.name.clone()));
        }
        // A program that reads lines without echoing them asks for a secret.
        if capture.input.is_some_and(|input| input.canonical && !input.echo) {
            return Some(Refusal::Dialog("password".to_owned()));
        }
        let Some(composer) = composer else { return Some(Refusal::NoComposer) };
        // A program that has not set up its terminal yet would get the text as lines.
        let draws = matches!(self.profile.composer, ComposerForm::Box { .. });
        if draws && capture.input.is_some_and(|input| input.canonical) {
            return Some(Refusal::NoComposer);
        }
        if !composer.is_empty {
            return Some(if draws || begins_with_prompt(&self.profile.composer, &composer.text) {
                Refusal::Draft
            } else {
                Refusal::NoComposer
            });
        }
        if capture.input.is_some_and(|input| input.unread > 0) {
            return Some(Refusal::NotReading);
        }
        (self.options.only_when_idle && self.profile.is_busy_on(&capture.screen)).then_some(Refusal::Busy)
    }

    fn timeout_for(&self, refusal: &Refusal) -> Duration {
        let timeouts = &self.options.timeouts;
        match refusal {
            Refusal::NoComposer | Refusal::NotReading => timeouts.ready,
            Refusal::InMode | Refusal::Draft | Refusal::Dialog(_) | Refusal::Busy => timeouts.obstructed,
            _ => Duration::ZERO,
        }
    }

    fn after_enter(&self, capture: &PaneCapture, composer: Option<&Composer>, now: Instant) -> Step {
        let Stage::Submitted { since, pressed, again, prompt, before, shown, entered } = &self.stage else {
            return Step::Wait;
        };
        if capture.is_reported {
            return Step::End(Outcome::Accepted);
        }
        let seen = Evidence::collect(&capture.screen, composer, &self.own, self.profile);
        if self.own.is_blank() && was_read(capture) && capture.screen != *shown {
            return Step::End(Outcome::Accepted);
        }
        let is_ours = composer.is_some_and(|composer| self.own.is_in(composer, self.profile, prompt));
        let was_read = was_read(capture);
        let late = now.duration_since(*since) >= self.options.timeouts.accepted;
        let is_kept = seen.has_note_since(*before);
        // A half-drawn frame shows no composer either, and our text in its place.
        let is_drawn = composer.is_some() || self.dialog(&capture.screen, composer).is_some();
        if is_drawn && !is_ours && was_read {
            let left = composer.is_some_and(|composer| composer.is_empty);
            let has_turn = seen.has_turn_since(*before) || (left && (self.is_command || seen.works_since(*before)));
            match () {
                () if is_kept && (late || !self.options.until_turn) => return Step::End(Outcome::Queued),
                () if has_turn && !is_kept => return Step::End(Outcome::Accepted),
                () => {}
            }
        }
        // Without a server or the process, nothing more appears.
        if capture.process != PaneProcess::Expected {
            return unconfirmed(UnconfirmedReason::ProcessEnded);
        }
        let is_unchanged = composer.is_some_and(|composer| composer.text == *entered);
        let is_swallowed =
            is_ours && is_unchanged && capture.input.is_some_and(|input| input.unread == 0) && !capture.in_mode;
        if is_swallowed
            && self.options.retry_enter
            && !again
            && now.duration_since(*pressed) >= self.options.timeouts.retry_enter
        {
            return Step::Press;
        }
        match () {
            () if !late => Step::Wait,
            () if is_ours => unconfirmed(UnconfirmedReason::StillInComposer),
            () if !was_read => unconfirmed(UnconfirmedReason::NotRead),
            () => unconfirmed(UnconfirmedReason::NoTurn),
        }
    }
}

/// Returns whether the program has read all input. If the queue cannot be read, the screen has to suffice.
fn was_read(capture: &PaneCapture) -> bool {
    capture.input.is_none_or(|input| input.unread == 0)
}

/// Returns whether the line is a prompt followed by text, and not the output of a program.
fn begins_with_prompt(form: &ComposerForm, line: &str) -> bool {
    let ComposerForm::Line { prompt } = form else { return false };
    line.char_indices().skip(1).any(|(at, _)| prompt.matches(&line[..at]))
}

fn unconfirmed(reason: UnconfirmedReason) -> Step {
    Step::End(Outcome::Unconfirmed(reason))
}
