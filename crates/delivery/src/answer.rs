//! Answers the dialog that is open in an agent's pane, by what an answer means.

use std::time::{Duration, Instant};

use mosaic_domain::Pid;
use mosaic_runtimes::{Answer, AnswerChoiceError, OfferedAnswer, OpenDialog, Profile, Screen};
use mosaic_tmux::{CapturedPane, InputOutcome, PaneGuard, PaneInput, ResolvedPane, TmuxError};

use crate::{DeliveryService, Recipient, Refusal};

/// How the answer to a dialog ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// The dialog is gone, or asks something else.
    Accepted,
    /// The key was pressed, and the dialog is still open.
    Unconfirmed,
    /// No key that answers was pressed.
    Refused(AnswerRefusal),
}

/// Why a dialog was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefusal {
    /// The pane cannot be typed into.
    #[error(transparent)]
    Pane(#[from] Refusal),
    /// The pane shows no dialog that the profile knows.
    #[error("no dialog is open")]
    NoDialog,
    /// The dialog is not the one that was seen.
    #[error("the dialog that is open now is another one: its question is {0}")]
    AnotherQuestion(String),
    /// The profile does not say how the answers of the dialog look.
    #[error("the answers of the dialog '{0}' are not known for this runtime: use 'mosaic agent key'")]
    UnknownAnswers(String),
    /// The answer is not offered, or several are.
    #[error(transparent)]
    Choice(#[from] AnswerChoiceError),
    /// The dialog changed before the key was pressed, or it does not show which answer is selected.
    #[error("the dialog changes, or does not show which answer is selected")]
    Unsteady,
}

impl AnswerRefusal {
    /// Returns the machine-readable code of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pane(refusal) => refusal.code(),
            Self::NoDialog => "no-dialog",
            Self::AnotherQuestion(_) => "another-question",
            Self::UnknownAnswers(_) => "unknown-answers",
            Self::Choice(AnswerChoiceError::NotOffered { .. }) => "not-offered",
            Self::Choice(AnswerChoiceError::Ambiguous { .. }) => "ambiguous",
            Self::Unsteady => "unsteady",
        }
    }
}

/// A dialog that is open in an agent's pane, as it is shown to a person or a program that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownDialog {
    /// Its name in the profile.
    pub name: String,
    /// Identifies what is asked.
    pub question: String,
    /// The lines of the question.
    pub text: Vec<String>,
    /// The answers that it offers.
    pub answers: Vec<OfferedAnswer>,
}

impl ShownDialog {
    /// Reads the dialog that is open on a screen.
    #[must_use]
    pub fn on(profile: &Profile, screen: &Screen) -> Option<Self> {
        let OpenDialog { dialog, question, text, answers } = profile.open_dialog(screen)?;
        Some(Self { name: dialog.name.clone(), question, text, answers })
    }
}

/// What came of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The dialog that was open.
    pub dialog: Option<ShownDialog>,
    /// The label of the answer that was given.
    pub label: Option<String>,
    /// The outcome.
    pub outcome: AnswerOutcome,
}

/// The time between two captures that have to agree: programs draw a frame within a few milliseconds.
const CONFIRM_AFTER: Duration = Duration::from_millis(40);

impl DeliveryService<'_> {
    /// Answers the dialog that is open in the recipient's pane. The caller holds the agent's lock. `question` is the one that
    /// the answer is for, if that is known. The answer has to take effect within `wait`.
    ///
    /// # Errors
    /// tmux fails; it is then unknown whether a key was pressed.
    pub fn answer(
        &self,
        to: &Recipient,
        answer: &Answer,
        question: Option<&str>,
        wait: Duration,
    ) -> Result<Answered, TmuxError> {
        let refused = |refusal| Answered { dialog: None, label: None, outcome: AnswerOutcome::Refused(refusal) };
        let (pane, process) = match self.find_pane(to) {
            Ok(found) => found,
            Err(refusal) => return Ok(refused(refusal.into())),
        };
        let typist = Typist { input: self.server.pane_input(pane.id, 0), pane: &pane, process, profile: &to.profile };
        let (dialog, chosen) = match typist.steady_choice(answer, question)? {
            Ok(found) => found,
            Err(refusal) => {
                let (dialog, refusal) = *refusal;
                return Ok(Answered { dialog, ..refused(refusal) });
            }
        };
        let label = Some(chosen.label.clone());
        let outcome = match typist.give(to, answer, &dialog, chosen)? {
            Ok(()) => typist.wait_until_gone(&dialog, wait)?,
            Err(refusal) => AnswerOutcome::Refused(refusal),
        };
        Ok(Answered { dialog: Some(dialog), label, outcome })
    }
}

/// What is needed to answer in one pane.
struct Typist<'a> {
    input: PaneInput,
    pane: &'a ResolvedPane,
    process: Pid,
    profile: &'a Profile,
}

type Refused = Box<(Option<ShownDialog>, AnswerRefusal)>;

impl Typist<'_> {
    /// Returns the open dialog and the answer that is meant, if two captures agree on both.
    fn steady_choice(
        &self,
        answer: &Answer,
        question: Option<&str>,
    ) -> Result<Result<(ShownDialog, OfferedAnswer), Refused>, TmuxError> {
        let first = choose(self.profile, self.input.capture(Duration::ZERO)?.as_ref(), answer, question);
        let second = choose(self.profile, self.input.capture(CONFIRM_AFTER)?.as_ref(), answer, question);
        Ok(match (first, second) {
            (Ok((before, _)), Ok((dialog, _))) if before.question != dialog.question => {
                Err(Box::new((Some(dialog), AnswerRefusal::Unsteady)))
            }
            (_, second) => second,
        })
    }

    /// Gives an answer: by its key, or by selecting it and Enter.
    fn give(
        &self,
        to: &Recipient,
        answer: &Answer,
        dialog: &ShownDialog,
        mut chosen: OfferedAnswer,
    ) -> Result<Result<(), AnswerRefusal>, TmuxError> {
        let next = to.profile.dialogs.iter().find(|known| known.name == dialog.name);
        let next = next.and_then(|known| known.answers.as_ref()?.next.clone());
        for _ in 0..=dialog.answers.len() {
            let key = match (&chosen.key, &next) {
                (Some(key), _) => key.clone(),
                (None, Some(_)) if chosen.is_selected => "Enter".to_owned(),
                (None, Some(next)) if dialog.answers.iter().any(|answer| answer.is_selected) => next.clone(),
                (None, _) => return Ok(Err(AnswerRefusal::Unsteady)),
            };
            let is_last = chosen.key.is_some() || chosen.is_selected;
            // The server looks again at the line with the answer, because the screen may have changed since.
            let guard = PaneGuard::new(self.process).showing(&chosen.line);
            let (outcome, _) = self.input.send_keys_if(&guard, [key.as_str()], CONFIRM_AFTER)?;
            match outcome {
                InputOutcome::Rejected => return Ok(Err(AnswerRefusal::Unsteady)),
                InputOutcome::Typed if is_last => return Ok(Ok(())),
                InputOutcome::Typed => {}
            }
            match self.steady_choice(answer, Some(&dialog.question))? {
                Ok((_, now)) => chosen = now,
                Err(refusal) => return Ok(Err(refusal.1)),
            }
        }
        Ok(Err(AnswerRefusal::Unsteady))
    }

    /// Waits until the pane no longer shows the question.
    fn wait_until_gone(&self, dialog: &ShownDialog, wait: Duration) -> Result<AnswerOutcome, TmuxError> {
        let began = Instant::now();
        let mut gone = 0;
        loop {
            let captured = self.input.capture(CONFIRM_AFTER)?;
            let is_ours = captured.as_ref().is_some_and(|captured| captured.pid == self.pane.pid);
            let shown = captured.filter(|_| is_ours).and_then(|captured| shown_dialog(self.profile, &captured));
            // One frame may be half drawn.
            gone = if shown.is_some_and(|shown| shown.question == dialog.question) { 0 } else { gone + 1 };
            if gone >= 2 {
                return Ok(AnswerOutcome::Accepted);
            }
            if began.elapsed() >= wait {
                return Ok(AnswerOutcome::Unconfirmed);
            }
        }
    }
}

fn shown_dialog(profile: &Profile, captured: &CapturedPane) -> Option<ShownDialog> {
    ShownDialog::on(profile, &Screen::from_capture(captured))
}

/// Returns the dialog of a capture and the answer that is meant, or why none is given.
fn choose(
    profile: &Profile,
    captured: Option<&CapturedPane>,
    answer: &Answer,
    question: Option<&str>,
) -> Result<(ShownDialog, OfferedAnswer), Refused> {
    let pane = |refusal: Refusal| Box::new((None, AnswerRefusal::from(refusal)));
    let captured = match captured {
        None => return Err(pane(Refusal::NoSession)),
        Some(captured) if captured.dead => return Err(pane(Refusal::Dead)),
        Some(captured) if captured.in_mode => return Err(pane(Refusal::InMode)),
        Some(captured) => captured,
    };
    let screen = Screen::from_capture(captured);
    let (Some(open), Some(shown)) = (profile.open_dialog(&screen), ShownDialog::on(profile, &screen)) else {
        return Err(Box::new((None, AnswerRefusal::NoDialog)));
    };
    let refusal = match open.choose(answer) {
        _ if question.is_some_and(|question| question != open.question) => {
            AnswerRefusal::AnotherQuestion(open.question.clone())
        }
        _ if open.dialog.answers.is_none() => AnswerRefusal::UnknownAnswers(open.dialog.name.clone()),
        Ok(chosen) => return Ok((shown, chosen.clone())),
        Err(error) => error.into(),
    };
    Err(Box::new((Some(shown), refusal)))
}
