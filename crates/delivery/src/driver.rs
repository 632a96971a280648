//! Drives a pane through a delivery: it observes the pane, asks [`crate::protocol`] for the next step, and carries it out.
//! It decides nothing itself.

use std::time::{Duration, Instant};

use mosaic_domain::Pid;
use mosaic_runtimes::{ComposerForm, Profile, shell_reads_terminal};
use mosaic_tmux::{CapturedPane, InputOutcome, PaneGuard, PaneInput, ResolvedPane, Server, TmuxError};

use crate::protocol::{Clearing, ClearingStep, DeliveryAttempt, DeliveryOptions, LeftText, PaneCapture, Step};
use crate::{Interrupt, Outcome, Refusal, UnconfirmedReason};

/// Records the steps of a delivery, so that they are known if the sender is killed.
pub trait DeliveryProgress {
    /// Why a step cannot be recorded.
    type Error;

    /// Records that the text is about to be typed. From here on it may have been.
    ///
    /// # Errors
    /// The step cannot be recorded, so nothing is typed.
    fn typing(&mut self) -> Result<(), Self::Error>;

    /// Records that the text was not typed after all.
    ///
    /// # Errors
    /// The step cannot be recorded.
    fn not_typed(&mut self) -> Result<(), Self::Error>;

    /// Records that the text was typed.
    fn typed(&mut self);

    /// Records that Enter was pressed.
    fn submitted(&mut self);
}

/// Types texts into one pane.
#[derive(Clone, Copy)]
pub struct PaneDriver<'a> {
    /// The tmux server.
    pub server: &'a Server,
    /// The pane.
    pub pane: &'a ResolvedPane,
    /// The process that the message is for.
    pub expected_process: Pid,
    /// The profile of the program in the pane.
    pub profile: &'a Profile,
    /// The beginning of the text that is typed before the rest is pasted; it may be empty.
    pub typed: &'a str,
    /// How the text is delivered.
    pub options: DeliveryOptions,
    /// Returns whether the agent itself reports that it has the message.
    pub is_reported: &'a dyn Fn() -> bool,
    /// An earlier message whose text may still be in the composer.
    pub left: Option<&'a LeftText>,
    /// Whether this process was asked to end.
    pub interrupt: &'a Interrupt,
}

/// How long a text that was typed may take to be submitted and accepted once the sender was asked to end.
const INTERRUPTED_LIMIT: Duration = Duration::from_secs(2);

/// How long a program may take to read earlier input before its composer is looked at.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long an unresponsive server is asked again once a text was typed.
const UNRESPONSIVE_LIMIT: Duration = Duration::from_secs(30);

/// The time between two observations that have to agree. Programs draw a frame within a few milliseconds.
const CONFIRM_AFTER: Duration = Duration::from_millis(40);

/// How often the server may not find the line that a capture shows.
const REJECTED_LIMIT: usize = 20;

/// The number of history lines that are captured. They contain a turn that a quick answer has moved up.
const HISTORY: usize = 200;

impl PaneDriver<'_> {
    /// Delivers a text. `buffer` is a name for tmux's paste buffer that no other sender uses. A step that cannot be
    /// undone is recorded before it is carried out.
    ///
    /// # Errors
    /// A step cannot be recorded; nothing was typed then.
    pub fn deliver<P: DeliveryProgress>(
        &self,
        text: &str,
        buffer: &str,
        progress: &mut P,
    ) -> Result<Outcome, P::Error> {
        let lines: Vec<String> = match self.profile.composer {
            ComposerForm::Box { .. } => Vec::from([self.as_typed(text)]),
            ComposerForm::Line { .. } => text.split('\n').map(str::to_owned).collect(),
        };
        let typist = self.server.pane_input(self.pane.id, HISTORY);
        let mut is_blind = false;
        for (nth, line) in lines.iter().enumerate() {
            let outcome = self.enter(&typist, line, buffer, nth == 0, progress)?;
            let without_prompt = outcome == Outcome::Unconfirmed(UnconfirmedReason::NoPrompt);
            is_blind |= without_prompt;
            let then = match outcome {
                outcome if outcome == Outcome::Accepted || without_prompt => continue,
                outcome if nth == 0 => return Ok(outcome),
                outcome => outcome.reason().unwrap_or_default(),
            };
            return Ok(Outcome::Unconfirmed(UnconfirmedReason::Partial { entered: nth, all: lines.len(), then }));
        }
        Ok(if is_blind { Outcome::Unconfirmed(UnconfirmedReason::NoPrompt) } else { Outcome::Accepted })
    }

    /// Submits a text that an earlier sender has typed. `None` if the composer does not show the text and nothing else.
    ///
    /// # Errors
    /// A step cannot be recorded.
    pub fn submit<P: DeliveryProgress>(&self, text: &str, progress: &mut P) -> Result<Option<Outcome>, P::Error> {
        let typist = self.server.pane_input(self.pane.id, HISTORY);
        let Ok(first) = self.settled_capture(&typist) else { return Ok(None) };
        let text = self.as_typed(text);
        let attempt = DeliveryAttempt::resume(self.profile, (self.typed, &text), self.options, &first, Instant::now());
        let Some(attempt) = attempt else { return Ok(None) };
        self.drive(&typist, attempt, &text, "", true, progress).map(Some)
    }

    /// Removes a text that an earlier sender has typed from the composer. Returns whether the composer is empty
    /// afterwards; `None` if it does not show the text and nothing else.
    #[must_use]
    pub fn clear(&self, text: &str) -> Option<bool> {
        let typist = self.server.pane_input(self.pane.id, HISTORY);
        let first = self.settled_capture(&typist).ok()?;
        self.clear_shown(&typist, &self.as_typed(text), &first)
    }

    /// Captures the pane when the program has read its input, or after a moment.
    fn settled_capture(&self, typist: &PaneInput) -> Result<PaneCapture, TmuxError> {
        let began = Instant::now();
        let mut pause = Duration::ZERO;
        loop {
            let capture = PaneCapture::new(typist.capture(pause)?.as_ref(), self.expected_process);
            let is_read = capture.input.is_none_or(|input| input.unread == 0);
            if is_read || began.elapsed() >= SETTLE_TIMEOUT {
                return Ok(capture);
            }
            pause = CONFIRM_AFTER;
        }
    }

    fn clear_shown(&self, typist: &PaneInput, text: &str, first: &PaneCapture) -> Option<bool> {
        let mut clearing = Clearing::new(self.profile, (self.typed, text), first, Instant::now())?;
        let mut next = Ok(None);
        loop {
            let capture = match &next {
                Ok(None) => first.clone(),
                Ok(Some(captured)) => PaneCapture::new(Some(captured), self.expected_process),
                Err(_) => return Some(false),
            };
            next = match clearing.next(&capture, Instant::now()) {
                ClearingStep::Press(key) => {
                    typist.send_keys(self.expected_process, [key], CONFIRM_AFTER).map(|(_, captured)| captured)
                }
                ClearingStep::Wait => typist.capture(CONFIRM_AFTER),
                ClearingStep::Cleared => return Some(true),
                ClearingStep::NotCleared => return Some(false),
            };
            if matches!(next, Ok(None)) {
                return Some(false);
            }
        }
    }

    /// Returns the text of a message as it is typed at once.
    fn as_typed(&self, text: &str) -> String {
        match self.profile.composer {
            ComposerForm::Box { .. } => format!("{text}{}", self.profile.ending_of(text)),
            ComposerForm::Line { .. } => text.to_owned(),
        }
    }

    fn enter<P: DeliveryProgress>(
        &self,
        typist: &PaneInput,
        text: &str,
        buffer: &str,
        is_first: bool,
        progress: &mut P,
    ) -> Result<Outcome, P::Error> {
        let options = DeliveryOptions { looks_once: self.options.looks_once && is_first, ..self.options };
        let attempt = DeliveryAttempt::new(self.profile, text, options, Instant::now());
        let attempt = attempt.with_typed(self.typed).with_left(self.left);
        self.drive(typist, attempt, text, buffer, is_first, progress)
    }

    fn drive<P: DeliveryProgress>(
        &self,
        typist: &PaneInput,
        mut attempt: DeliveryAttempt<'_>,
        text: &str,
        buffer: &str,
        is_first: bool,
        progress: &mut P,
    ) -> Result<Outcome, P::Error> {
        let began = Instant::now();
        let mut next = typist.capture(Duration::ZERO);
        // A frame may be half drawn, so a success has to be observed twice. Lines are not drawn in frames.
        let draws_frames = matches!(self.profile.composer, ComposerForm::Box { .. });
        let mut unconfirmed_success = None;
        let mut interrupted = None;
        let mut rejected = 0;
        loop {
            let typed = !attempt.is_ready();
            let captured = match next {
                Ok(captured) => captured,
                // Another capture is cheap, and an unknown outcome is expensive.
                Err(TmuxError::Timeout { .. }) if typed && began.elapsed() < UNRESPONSIVE_LIMIT => {
                    next = typist.capture(pause(began.elapsed()));
                    continue;
                }
                Err(error) => return Ok(failure(&error, typed)),
            };
            let mut capture = PaneCapture::new(captured.as_ref(), self.expected_process);
            capture.is_reported = typed && (self.is_reported)();
            capture.is_shell = draws_frames && !typed && shell_reads_terminal(self.expected_process);
            let next_pause = pause(began.elapsed());
            let now = Instant::now();
            attempt.record_seen(&capture);
            let step = attempt.next(&capture, now);
            if !matches!(step, Step::End(_)) {
                unconfirmed_success = None;
            }
            if self.interrupt.is_requested() {
                let since = *interrupted.get_or_insert(now);
                if let Some(outcome) = self.end_early(typist, text, &attempt, &capture, &step, now - since) {
                    return Ok(outcome);
                }
            }
            let guard = self.guard(&attempt, &capture, captured.as_ref(), rejected);
            next = match step {
                Step::End(outcome @ (Outcome::Accepted | Outcome::Queued))
                    if draws_frames && unconfirmed_success.as_ref() != Some(&outcome) =>
                {
                    unconfirmed_success = Some(outcome);
                    typist.capture(CONFIRM_AFTER)
                }
                Step::End(outcome) => return Ok(outcome),
                Step::Wait => typist.capture(next_pause),
                Step::Type => {
                    if is_first {
                        progress.typing()?;
                    }
                    // An empty line consists of Enter only.
                    let pasted = match text {
                        "" => Ok((InputOutcome::Typed, captured)),
                        text => {
                            let (typed, rest) =
                                text.split_at(if text.starts_with(self.typed) { self.typed.len() } else { 0 });
                            typist.type_and_paste(&guard, typed, (buffer, rest), next_pause)
                        }
                    };
                    match pasted {
                        Ok((InputOutcome::Typed, captured)) => {
                            attempt.record_typed(&capture, Instant::now());
                            progress.typed();
                            Ok(captured)
                        }
                        Ok((InputOutcome::Rejected, captured)) => {
                            if is_first {
                                progress.not_typed()?;
                            }
                            rejected += 1;
                            Ok(captured)
                        }
                        Err(error) => return Ok(failure(&error, true)),
                    }
                }
                Step::Press => match typist.send_keys_if(&guard, ["Enter"], next_pause) {
                    Ok((InputOutcome::Typed, captured)) => {
                        attempt.record_enter(&capture, Instant::now());
                        progress.submitted();
                        Ok(captured)
                    }
                    Ok((InputOutcome::Rejected, captured)) => {
                        rejected += 1;
                        Ok(captured)
                    }
                    Err(error) => return Ok(failure(&error, true)),
                },
            };
        }
    }

    /// Returns what the server has to see once more when it types: the screen may have changed since the capture, and a
    /// message must not answer a question. A program that reads lines must not have printed; another one must still show our
    /// text when Enter is pressed.
    fn guard(
        &self,
        attempt: &DeliveryAttempt<'_>,
        capture: &PaneCapture,
        captured: Option<&CapturedPane>,
        rejected: usize,
    ) -> PaneGuard {
        let guard = PaneGuard::new(self.expected_process);
        match (&self.profile.composer, captured) {
            (ComposerForm::Line { .. }, Some(captured)) if !self.options.without_prompt => {
                guard.with_cursor_of(captured)
            }
            // tmux does not find a line that it stores otherwise than it prints it.
            (ComposerForm::Box { .. }, _) if rejected < REJECTED_LIMIT => match attempt.last_line(capture) {
                Some(line) => guard.showing(line),
                None => guard,
            },
            _ => guard,
        }
    }

    /// Returns the outcome if the sender was asked to end that long ago. Before the text is typed, the delivery stops. A
    /// typed text is submitted if the program shows it in time; else it is removed.
    fn end_early(
        &self,
        typist: &PaneInput,
        text: &str,
        attempt: &DeliveryAttempt<'_>,
        capture: &PaneCapture,
        step: &Step,
        since: Duration,
    ) -> Option<Outcome> {
        if matches!(step, Step::End(_)) {
            return None;
        }
        if attempt.is_ready() {
            return Some(Outcome::Refused(Refusal::Interrupted));
        }
        if since < INTERRUPTED_LIMIT {
            return None;
        }
        if attempt.is_typed_only() && self.clear_shown(typist, text, capture) == Some(true) {
            return Some(Outcome::Refused(Refusal::Interrupted));
        }
        Some(Outcome::Unconfirmed(UnconfirmedReason::Interrupted))
    }
}

impl std::fmt::Debug for PaneDriver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PaneDriver")
            .field("pane", self.pane)
            .field("expected_process", &self.expected_process)
            .finish_non_exhaustive()
    }
}

/// Returns the outcome of a delivery that a failure of tmux ended.
fn failure(error: &TmuxError, typed: bool) -> Outcome {
    match error {
        error if typed => Outcome::Unconfirmed(UnconfirmedReason::Tmux(error.to_string())),
        TmuxError::NoServer { .. } => Outcome::Refused(Refusal::NoSession),
        error => Outcome::Refused(Refusal::Tmux(error.to_string())),
    }
}

/// Returns the pause until the next capture. tmux reports changes of a screen only with all of its output, and a
/// client that does not read that in time stops the agent. An capture costs 3 ms of processor time; programs show a
/// paste after 10 to 50 ms.
fn pause(elapsed: Duration) -> Duration {
    match elapsed.as_millis() {
        0..1000 => Duration::from_millis(20),
        1000..5000 => Duration::from_millis(60),
        _ => Duration::from_millis(250),
    }
}
