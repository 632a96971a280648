//! Typing into a pane and capturing it. Each step is one call of tmux, in which the server checks that the pane
//! still runs the expected process.
//!
//! A lasting client in control mode would cost a tenth. But tmux 3.3 dereferences a null pointer, which ends every
//! agent, when such a client detaches while another one attaches (`control_notify_client_detached` writes to
//! clients that are not set up yet). A hundred simultaneous deliveries triggered that within a second.

use std::fmt::Write as _;
use std::time::Duration;

use mosaic_domain::Pid;

use crate::session::is_missing;
use crate::{CapturedPane, PaneGuard, PaneId, Server, TmuxError};

/// Whether input was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputOutcome {
    /// The input was typed.
    Typed,
    /// Nothing was typed: the pane has another process, its process has ended, or the pane is in a mode.
    Rejected,
}

/// Whether input was typed, and the pane a moment later; `None` if the pane is gone.
pub type InputResult = (InputOutcome, Option<CapturedPane>);

/// One pane, for typing into it and capturing it.
#[derive(Clone, Debug)]
pub struct PaneInput {
    server: Server,
    pane: PaneId,
    history: usize,
}

impl Server {
    /// The input of a pane. Captures contain up to `history` lines of its history.
    #[must_use]
    pub fn pane_input(&self, pane: PaneId, history: usize) -> PaneInput {
        PaneInput { server: self.clone(), pane, history }
    }
}

impl PaneInput {
    /// Captures the pane after the delay `after`. `None` if the pane is gone.
    ///
    /// # Errors
    /// There is no server, or it does not answer.
    pub fn capture(&self, after: Duration) -> Result<Option<CapturedPane>, TmuxError> {
        let (_, captured) = self.run_and_capture("", after)?;
        Ok(captured)
    }

    /// Pastes a text if the pane process is `pid` and alive and the pane is in no mode, and captures the pane after
    /// the delay `after`. The paste is bracketed if the program has enabled that. `name` is a unique name for
    /// tmux's buffer, which is deleted afterwards.
    ///
    /// The server does the check and the paste in one step, because a paste into a dead pane crashes tmux 3.3, and
    /// ends every agent.
    ///
    /// # Errors
    /// There is no server, or it does not answer; it is then unknown whether the text was pasted.
    pub fn paste(&self, pid: Pid, name: &str, text: &str, after: Duration) -> Result<InputResult, TmuxError> {
        self.type_and_paste(&PaneGuard::new(pid), "", (name, text), after)
    }

    /// The same under the conditions of a guard, after typing `typed` as keys, which may be empty.
    ///
    /// # Errors
    /// The same as of [`PaneInput::paste`].
    pub fn type_and_paste(
        &self,
        guard: &PaneGuard,
        typed: &str,
        (name, text): (&str, &str),
        after: Duration,
    ) -> Result<InputResult, TmuxError> {
        let (pane, text) = (self.pane, quote(text));
        // Without -r, tmux would replace line feeds with carriage returns.
        let paste = format!("paste-buffer -p -r -d -b {name} -t {pane}");
        let paste = format!(
            "if-shell -F '{}' {} {}",
            takes_raw_paste(),
            quote(&typing(&format!("{paste} -S"))),
            quote(&typing(&paste))
        );
        let keys = match typed {
            "" => String::new(),
            typed => format!("send-keys -l -t {pane} -- {} ; ", quote(typed)),
        };
        let guarded = self.guarded(guard, &(keys + &paste), &format!("delete-buffer -b {name} ; "));
        self.run_and_capture(&format!("set-buffer -b {name} -- {text} ; {guarded} ; "), after)
    }

    /// Sends keys, by tmux's names for them, under the same conditions as [`PaneInput::paste`].
    ///
    /// # Errors
    /// The same as of [`PaneInput::paste`].
    pub fn send_keys<'a>(
        &self,
        pid: Pid,
        keys: impl IntoIterator<Item = &'a str>,
        after: Duration,
    ) -> Result<InputResult, TmuxError> {
        self.send_keys_if(&PaneGuard::new(pid), keys, after)
    }

    /// The same under the conditions of a guard.
    ///
    /// # Errors
    /// The same as of [`PaneInput::paste`].
    pub fn send_keys_if<'a>(
        &self,
        guard: &PaneGuard,
        keys: impl IntoIterator<Item = &'a str>,
        after: Duration,
    ) -> Result<InputResult, TmuxError> {
        let mut words = format!("send-keys -t {}", self.pane);
        for key in keys {
            let _ = write!(words, " {}", quote(key));
        }
        let guarded = self.guarded(guard, &typing(&words), "");
        self.run_and_capture(&format!("{guarded} ; "), after)
    }

    /// The command that runs `then`, which prints [`TYPED_MARKER`], if the guard's conditions hold, and `otherwise` if not.
    fn guarded(&self, guard: &PaneGuard, then: &str, otherwise: &str) -> String {
        let (pane, condition) = (self.pane, guard.condition());
        // Quoted once more, as arguments of if-shell.
        let then = quote(then);
        let otherwise = quote(&format!("{otherwise}display-message -p {REJECTED_MARKER}"));
        format!("if-shell -F -t {pane} '{condition}' {then} {otherwise}")
    }

    /// Runs an action, waits, and captures the pane, in one call. The server does the waiting.
    fn run_and_capture(&self, action: &str, after: Duration) -> Result<InputResult, TmuxError> {
        let (pane, history) = (self.pane, self.history);
        let wait = match after.as_secs_f64() {
            0.0 => String::new(),
            seconds => format!("run-shell -d {seconds:.3} ; "),
        };
        let state = format!("display-message -p -t {pane} '{}'", CapturedPane::FORMAT);
        let script = self.server.run_script(&format!(
            "{action}{wait}display-message -p {CAPTURE_MARKER} ; {state} ; capture-pane -p -e -S -{history} -t {pane}\n"
        ))?;
        let mut lines = script.printed.lines().map(str::to_owned);
        let before: Vec<String> = lines.by_ref().take_while(|line| line != CAPTURE_MARKER).collect();
        let typed = before.iter().any(|line| line == TYPED_MARKER);
        let outcome = if typed { InputOutcome::Typed } else { InputOutcome::Rejected };
        let captured = CapturedPane::parse(&lines.next().unwrap_or_default(), lines.collect());
        match script.failed {
            // The action may have succeeded before the server ended or the pane was removed.
            Some(error) if before.is_empty() && !is_gone(&error) => Err(error),
            _ => Ok((outcome, captured)),
        }
    }
}

/// Returns whether the error means that the pane does not exist.
fn is_gone(error: &TmuxError) -> bool {
    matches!(error, TmuxError::CommandFailed { message, .. } if is_missing(message))
}

const TYPED_MARKER: &str = "mosaic-typed";
const REJECTED_MARKER: &str = "mosaic-rejected";
const CAPTURE_MARKER: &str = "mosaic-capture";

/// Commands that type, and then say so unless they failed.
fn typing(commands: &str) -> String {
    format!("{commands} ; display-message -p {TYPED_MARKER}")
}

/// A condition on the server's version: since 3.7, `paste-buffer` replaces control characters unless it has the flag
/// `-S`, which earlier versions refuse. The client's version may be another one.
fn takes_raw_paste() -> &'static str {
    r"#{m/r:^(next-)?(3[.]([789]|[1-9][0-9])|[4-9][.]|[1-9][0-9]+[.]),#{version}}"
}

/// Quotes a text for tmux's command parser, with every special character in octal. NUL, which tmux cannot represent,
/// is left out.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '\0' => {}
            ' ' => quoted.push(' '),
            plain if plain.is_ascii_alphanumeric() || !plain.is_ascii() => quoted.push(plain),
            special => {
                let _ = write!(quoted, "\\{:03o}", u32::from(special));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn special_characters_are_quoted() {
        assert_eq!(quote("a b"), "\"a b\"");
        assert_eq!(quote("é;\n"), "\"é\\073\\012\"");
        assert_eq!(quote("$HOME \"x\" \\ ~ #{pid}\0"), "\"\\044HOME \\042x\\042 \\134 \\176 \\043\\173pid\\175\"");
    }
}
