//! One attempt to deliver a text into a pane.

use std::time::{Duration, Instant};

use mosaic_runtimes::{Composer, ComposerForm, Dialog, Profile, Screen};

use super::evidence::{Evidence, TypedText};
use super::{DeliveryOptions, PaneCapture, PaneProcess};
use crate::spool::MessageId;
use crate::{Label, Outcome, Refusal, UnconfirmedReason};

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

/// The text of an earlier message, which was typed and may not have been submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftText {
    /// The message.
    pub id: MessageId,
    /// Its sender.
    pub source: Label,
    /// The text as it was typed.
    pub text: String,
    /// The beginning of the text that was typed before the rest was pasted.
    pub preamble: String,
    /// Whether Enter was pressed.
    pub is_entered: bool,
}

/// One attempt to deliver a text into a pane, and its progress.
#[derive(Clone, Debug)]
pub struct DeliveryAttempt<'a> {
    profile: &'a Profile,
    own: TypedText,
    is_command: bool,
    /// An earlier message whose text may still be in the composer.
    left: Option<(TypedText, LeftText)>,
    options: DeliveryOptions,
    /// Whether the text was typed without a prompt.
    is_blind: bool,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Nothing was typed yet.
    Ready { since: Instant },
    /// The text was pasted. Before that, the composer showed `prompt`.
    Typed { since: Instant, prompt: String },
    /// Enter was pressed, the last time at `pressed`, when the composer showed `entered` in `rows` rows.
    Submitted {
        since: Instant,
        pressed: Instant,
        again: bool,
        prompt: String,
        before: Evidence,
        shown: Screen,
        entered: String,
        rows: usize,
        turn: TurnInProgress,
    },
}

/// What was seen since Enter was pressed, above all of a turn that was in progress then. A program may show a message that it
/// keeps for later like one that it has accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct TurnInProgress {
    /// The number of successive captures in which the program did not work. One of them may be half drawn.
    idle: usize,
    /// Whether the turn has ended.
    has_ended: bool,
    /// Whether the program showed that it keeps the message.
    was_kept: bool,
    /// Whether anything but the composer was drawn anew.
    is_redrawn: bool,
}

impl<'a> DeliveryAttempt<'a> {
    /// Starts an attempt to deliver a text.
    #[must_use]
    pub fn new(profile: &'a Profile, text: &str, options: DeliveryOptions, now: Instant) -> Self {
        let stage = Stage::Ready { since: now };
        let (own, is_command) = (TypedText::new(text), profile.is_command(text));
        Self { profile, own, is_command, left: None, options, is_blind: false, stage }
    }

    /// Tells the attempt that this beginning of the text is typed, and the rest is pasted.
    #[must_use]
    pub fn with_typed(self, beginning: &str) -> Self {
        Self { own: self.own.with_typed(beginning), ..self }
    }

    /// Tells the attempt that the text of an earlier message may still be in the composer.
    #[must_use]
    pub fn with_left(self, left: Option<&LeftText>) -> Self {
        let typed = |left: &LeftText| TypedText::new(&left.text).with_typed(&left.preamble);
        Self { left: left.map(|left| (typed(left), left.clone())), ..self }
    }

    /// Continues the delivery of a text that the composer shows in this capture; `None` if it does not show the text. The
    /// first of the two is the beginning that was typed.
    #[must_use]
    pub fn resume(
        profile: &'a Profile,
        (typed, text): (&str, &str),
        options: DeliveryOptions,
        capture: &PaneCapture,
        now: Instant,
    ) -> Option<Self> {
        let attempt = Self::new(profile, text, options, now).with_typed(typed);
        let prompt = attempt.own.prompt_on(&capture.screen, profile)?;
        Some(Self { stage: Stage::Typed { since: now, prompt }, ..attempt })
    }

    /// Returns whether the text was typed and Enter was not pressed yet.
    #[must_use]
    pub fn is_typed_only(&self) -> bool {
        matches!(self.stage, Stage::Typed { .. })
    }

    /// Returns whether nothing was typed yet.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready { .. })
    }

    /// Decides the next step.
    #[must_use]
    pub fn next(&self, capture: &PaneCapture, now: Instant) -> Step {
        let composer = self.composer(&capture.screen);
        match &self.stage {
            Stage::Ready { since } => match self.obstacle(capture, composer.as_ref()) {
                None => Step::Type,
                Some(Refusal::NoComposer) if self.may_type_blindly(now.duration_since(*since)) => Step::Type,
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
                match &composer {
                    Some(composer) if !capture.in_mode && self.own.is_in(composer, self.profile, prompt) => Step::Press,
                    _ if late && capture.in_mode => unconfirmed(UnconfirmedReason::InMode),
                    _ if self.is_blind && !capture.in_mode && now.duration_since(*since) >= BLIND_TIMEOUT => {
                        Step::Press
                    }
                    _ if late => unconfirmed(match self.dialog(&capture.screen, composer.as_ref()) {
                        Some(dialog) if !capture.in_mode => UnconfirmedReason::Dialog(dialog.name.clone()),
                        _ => UnconfirmedReason::NotShown,
                    }),
                    _ => Step::Wait,
                }
            }
            Stage::Submitted { .. } => self.after_enter(capture, composer.as_ref(), now),
        }
    }

    /// Records that the text was pasted after this capture.
    pub fn record_typed(&mut self, capture: &PaneCapture, now: Instant) {
        let composer = Composer::find(&self.profile.composer, &capture.screen);
        self.is_blind = self.options.without_prompt && !composer.as_ref().is_some_and(|composer| composer.is_empty);
        self.stage = Stage::Typed { since: now, prompt: composer.map(|composer| composer.text).unwrap_or_default() };
    }

    /// Records that Enter was pressed after this capture.
    pub fn record_enter(&mut self, capture: &PaneCapture, now: Instant) {
        let composer = self.composer(&capture.screen);
        let seen = Evidence::collect(&capture.screen, composer.as_ref(), &self.own, self.profile);
        self.stage = match std::mem::replace(&mut self.stage, Stage::Ready { since: now }) {
            Stage::Submitted { since, prompt, before, shown, entered, rows, turn, .. } => {
                Stage::Submitted { since, pressed: now, again: true, prompt, before, shown, entered, rows, turn }
            }
            Stage::Typed { prompt, .. } => {
                let shown = capture.screen.clone();
                let rows = composer.as_ref().map(Composer::rows).unwrap_or_default();
                let entered = composer.map(|composer| composer.text).unwrap_or_default();
                let turn = TurnInProgress::default();
                let (since, pressed) = (now, now);
                Stage::Submitted { since, pressed, again: false, prompt, before: seen, shown, entered, rows, turn }
            }
            ready @ Stage::Ready { .. } => ready,
        };
    }

    /// Records what a capture shows of a turn that was in progress when Enter was pressed.
    pub fn record_seen(&mut self, capture: &PaneCapture) {
        let composer = self.composer(&capture.screen);
        let seen = Evidence::collect(&capture.screen, composer.as_ref(), &self.own, self.profile);
        let own = &self.own;
        if let Stage::Submitted { before, turn, shown, prompt, .. } = &mut self.stage
            && let Some(composer) = &composer
        {
            let candidates = Composer::candidates(&self.profile.composer, shown);
            let entered = candidates.iter().find(|composer| own.is_in(composer, self.profile, prompt));
            let (now, then) = (lines_above(&capture.screen, Some(composer)), lines_above(shown, entered));
            // A composer that is less tall uncovers lines at the top.
            turn.is_redrawn |= !now.ends_with(&then) && !then.ends_with(&now);
            turn.was_kept |= seen.has_note_since(*before);
            turn.idle = if seen.is_busy() { 0 } else { turn.idle + 1 };
            turn.has_ended |= turn.idle >= 2;
        }
    }

    /// Returns the last line of the text that was typed, as this capture shows it in the composer.
    #[must_use]
    pub fn last_line<'c>(&self, capture: &'c PaneCapture) -> Option<&'c str> {
        let Stage::Typed { .. } = &self.stage else { return None };
        let composer = self.composer(&capture.screen)?;
        let lines = capture.screen.lines.get(composer.begin..composer.end)?;
        lines.iter().rev().map(|line| line.text.as_str()).find(|line| line.chars().any(char::is_alphanumeric))
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
        if draws && (capture.is_shell || capture.input.is_some_and(|input| input.canonical)) {
            return Some(Refusal::NoComposer);
        }
        if let Some((text, left)) = &self.left
            && text.prompt_on(&capture.screen, self.profile).is_some()
        {
            return Some(Refusal::OwnDraft { id: left.id.clone(), sender: left.source.clone() });
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

    /// Returns whether a text may be typed into a program that has shown no prompt for that long.
    fn may_type_blindly(&self, waited: Duration) -> bool {
        let reads_lines = matches!(self.profile.composer, ComposerForm::Line { .. });
        self.options.without_prompt && reads_lines && waited >= self.options.timeouts.ready.min(BLIND_TIMEOUT)
    }

    fn timeout_for(&self, refusal: &Refusal) -> Duration {
        let timeouts = &self.options.timeouts;
        match refusal {
            _ if self.options.looks_once => Duration::ZERO,
            Refusal::NoComposer | Refusal::NotReading => timeouts.ready,
            // A program that has read Enter may still act on it.
            Refusal::OwnDraft { .. } if !self.left.as_ref().is_some_and(|(_, left)| left.is_entered) => Duration::ZERO,
            Refusal::InMode | Refusal::Draft | Refusal::OwnDraft { .. } | Refusal::Dialog(_) | Refusal::Busy => {
                timeouts.obstructed
            }
            _ => Duration::ZERO,
        }
    }

    fn after_enter(&self, capture: &PaneCapture, composer: Option<&Composer>, now: Instant) -> Step {
        let Stage::Submitted { since, pressed, again, prompt, before, shown, entered, rows, turn } = &self.stage else {
            return Step::Wait;
        };
        if capture.is_reported {
            return Step::End(Outcome::Accepted);
        }
        if self.is_blind {
            let is_over = was_read(capture) || now.duration_since(*since) >= self.options.timeouts.accepted;
            return if is_over { unconfirmed(UnconfirmedReason::NoPrompt) } else { Step::Wait };
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
            // The same text was sent before, and its earlier turn may have left the screen with this one.
            let is_again = left && turn.is_redrawn && seen.repeats(*before);
            let has_turn =
                seen.has_turn_since(*before) || is_again || (left && (self.is_command || seen.works_since(*before)));
            // During a turn, the program shows a message that it keeps like one of a new turn. A program that marks what it
            // keeps has accepted the message when the mark is gone.
            let is_held = has_turn && before.is_busy() && !turn.has_ended && !turn.was_kept && !self.is_command;
            match () {
                () if (is_kept || is_held) && (late || !self.options.until_turn) => {
                    return Step::End(Outcome::Queued);
                }
                () if has_turn && !is_kept && !is_held => return Step::End(Outcome::Accepted),
                () => {}
            }
        }
        // Without a server or the process, nothing more appears.
        if capture.process != PaneProcess::Expected {
            return unconfirmed(UnconfirmedReason::ProcessEnded);
        }
        // An Enter that inserted a line feed did nothing else. Without that sign, a program that has read Enter may still
        // act on it, and would apply a second one to what follows.
        let became_line_feed =
            composer.is_some_and(|composer| composer.text == *entered && composer.rows() == rows + 1) && is_ours;
        if became_line_feed
            && capture.input.is_some_and(|input| input.unread == 0)
            && !capture.in_mode
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

/// How long a program may take to show a prompt, and then the text, before it is taken for one that shows neither.
const BLIND_TIMEOUT: Duration = Duration::from_secs(1);

/// Returns whether the program has read all input. If the queue cannot be read, the screen has to suffice.
fn was_read(capture: &PaneCapture) -> bool {
    capture.input.is_none_or(|input| input.unread == 0)
}

/// Returns the text above the composer. Blank lines come and go with the height of the composer.
fn lines_above<'s>(screen: &'s Screen, composer: Option<&Composer>) -> Vec<&'s str> {
    let lines = &screen.lines[..composer.map_or(screen.lines.len(), |composer| composer.begin)];
    lines.iter().map(|line| line.text.as_str()).filter(|line| !line.is_empty()).collect()
}

/// Returns whether the line is a prompt followed by text, and not the output of a program.
fn begins_with_prompt(form: &ComposerForm, line: &str) -> bool {
    let ComposerForm::Line { prompt, .. } = form else { return false };
    line.char_indices().skip(1).any(|(at, _)| prompt.matches(&line[..at]))
}

fn unconfirmed(reason: UnconfirmedReason) -> Step {
    Step::End(Outcome::Unconfirmed(reason))
}
