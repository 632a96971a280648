//! Carries a text into a pane: looks, asks the protocol, and does what it says. It decides nothing.

use std::time::{Duration, Instant};

use mosaic_domain::Pid;
use mosaic_tmux::{ResolvedPane, InputOutcome, Server, TmuxError, PaneInput};

use crate::protocol::{Errand, Request, Sight, Step};
use crate::{Doubt, Outcome, Progress, Refusal};
use mosaic_runtimes::{ComposerForm, Profile};

/// One pane, and how its program is typed into.
#[derive(Clone, Copy)]
pub struct Courier<'a> {
    /// The pane's server.
    pub server: &'a Server,
    /// The pane.
    pub pane: &'a ResolvedPane,
    /// The process that the message is for.
    pub meant: Pid,
    /// How its program looks.
    pub profile: &'a Profile,
    /// What is wanted.
    pub request: Request,
    /// Does the agent itself say that it has the message?
    pub is_reported: &'a dyn Fn() -> bool,
}

/// How long a server that does not answer is asked again once a text was typed.
const HUNG: Duration = Duration::from_secs(30);

/// From one look to the next that has to see the same: programs draw a frame within a few milliseconds.
const AGAIN: Duration = Duration::from_millis(40);

/// How much of a pane's history is looked at: a turn that a quick answer has pushed up is in it.
const HISTORY: usize = 200;

impl Courier<'_> {
    /// Carries a text. `name` is nobody else's; `progress` hears of each step, before it is done where
    /// it cannot be taken back.
    ///
    /// # Errors
    /// `progress` had one; nothing was typed then.
    pub fn carry<P: Progress>(&self, text: &str, name: &str, progress: &mut P) -> Result<Outcome, P::Error> {
        let lines: Vec<String> = match self.profile.composer {
            ComposerForm::Box { .. } => Vec::from([self.composed(text)]),
            ComposerForm::Line { .. } => text.split('\n').map(str::to_owned).collect(),
        };
        let typist = self.server.pane_input(self.pane.id, HISTORY);
        for (nth, line) in lines.iter().enumerate() {
            let outcome = self.enter(&typist, line, name, nth == 0, progress)?;
            let then = match outcome {
                Outcome::Accepted if nth + 1 < lines.len() => continue,
                outcome if nth == 0 || outcome == Outcome::Accepted => return Ok(outcome),
                outcome => outcome.reason().unwrap_or_default(),
            };
            return Ok(Outcome::Unconfirmed(Doubt::Partly { entered: nth, all: lines.len(), then }));
        }
        Ok(Outcome::Accepted)
    }

    fn composed(&self, text: &str) -> String {
        let behind = if text.ends_with('\\') { self.profile.after_backslash.as_str() } else { "" };
        format!("{text}{behind}")
    }

    fn enter<P: Progress>(
        &self,
        typist: &PaneInput,
        text: &str,
        name: &str,
        is_first: bool,
        progress: &mut P,
    ) -> Result<Outcome, P::Error> {
        let began = Instant::now();
        let mut errand = Errand::new(self.profile, text, self.request, began);
        let mut typed = false;
        let failed = |error: &TmuxError, typed: bool| {
            if typed { Outcome::Unconfirmed(Doubt::Tmux(error.to_string())) } else { Outcome::Refused(without(error)) }
        };
        let mut looked = typist.capture(Duration::ZERO);
        // A frame may be half drawn: what is good news is looked at twice. Lines are not drawn.
        let draws = matches!(self.profile.composer, ComposerForm::Box { .. });
        let mut hoped = None;
        loop {
            let seen = match looked {
                Ok(seen) => seen,
                // It costs nothing to look again, and much not to know.
                Err(TmuxError::Timeout { .. }) if typed && began.elapsed() < HUNG => {
                    looked = typist.capture(pause(began.elapsed()));
                    continue;
                }
                Err(error) => return Ok(failed(&error, typed)),
            };
            let mut sight = Sight::of(seen.as_ref(), self.meant);
            sight.is_reported = typed && (self.is_reported)();
            let after = pause(began.elapsed());
            let step = errand.next(&sight, Instant::now());
            if !matches!(step, Step::End(_)) {
                hoped = None;
            }
            looked = match step {
                Step::End(outcome @ (Outcome::Accepted | Outcome::Queued))
                    if draws && hoped.as_ref() != Some(&outcome) =>
                {
                    hoped = Some(outcome);
                    typist.capture(AGAIN)
                }
                Step::End(outcome) => return Ok(outcome),
                Step::Wait => typist.capture(after),
                Step::Type => {
                    if is_first {
                        progress.typing()?;
                    }
                    // Of an empty line there is only Enter.
                    let pasted = match text {
                        "" => Ok((InputOutcome::Typed, seen)),
                        text => typist.paste(self.meant, name, text, after),
                    };
                    match pasted {
                        Ok((InputOutcome::Typed, seen)) => {
                            typed = true;
                            errand.typed(&sight, Instant::now());
                            progress.typed();
                            Ok(seen)
                        }
                        Ok((InputOutcome::Rejected, seen)) => {
                            if is_first {
                                progress.not_typed()?;
                            }
                            Ok(seen)
                        }
                        Err(error) => return Ok(failed(&error, true)),
                    }
                }
                Step::Press => match typist.send_keys(self.meant, ["Enter"], after) {
                    Ok((InputOutcome::Typed, seen)) => {
                        errand.pressed(&sight, Instant::now());
                        progress.submitted();
                        Ok(seen)
                    }
                    Ok((InputOutcome::Rejected, seen)) => Ok(seen),
                    Err(error) => return Ok(failed(&error, true)),
                },
            };
        }
    }
}

impl std::fmt::Debug for Courier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier").field("pane", self.pane).field("meant", &self.meant).finish_non_exhaustive()
    }
}

/// What it means for a message that tmux did not do it before anything was typed.
fn without(error: &TmuxError) -> Refusal {
    match error {
        TmuxError::NoServer { .. } => Refusal::NoSession,
        error => Refusal::Tmux(error.to_string()),
    }
}

/// How long until the next look. tmux tells nobody of a change on a screen but by all of its bytes, and
/// who does not take those in time stops the agent. A look costs 3 ms of processor time; programs show a
/// paste after 10 to 50 ms.
fn pause(elapsed: Duration) -> Duration {
    match elapsed.as_millis() {
        0..1000 => Duration::from_millis(20),
        1000..5000 => Duration::from_millis(60),
        _ => Duration::from_millis(250),
    }
}
