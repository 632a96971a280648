//! Types into one pane, and looks at it: every step is one call of tmux and one step of its server, which
//! checks in it that the pane is still the one that was meant.
//!
//! A lasting client of the control mode would cost a tenth of that; but tmux 3.3 reads a null pointer, and
//! takes every agent with it, when one such client leaves while another is about to attach
//! (`control_notify_client_detached` writes to clients that have not been set up yet). A hundred
//! deliveries at once met that within a second.

use std::fmt::Write as _;
use std::time::Duration;

use mosaic_domain::Pid;

use crate::session::is_missing;
use crate::{PaneId, PaneSight, Server, TmuxError};

/// What became of something that was to be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// It was typed.
    Typed,
    /// Nothing was: the pane's process is another one or has ended, or the pane is in a mode.
    Refused,
}

/// What was done, and what was seen a moment later; `None` if the pane is gone.
pub type Seen = (Guarded, Option<PaneSight>);

/// Hands and eyes for one pane.
#[derive(Clone, Debug)]
pub struct Typist {
    server: Server,
    pane: PaneId,
    history: usize,
}

impl Server {
    /// A typist for a pane, who sees so many lines of its history too.
    #[must_use]
    pub fn typist(&self, pane: PaneId, history: usize) -> Typist {
        Typist { server: self.clone(), pane, history }
    }
}

impl Typist {
    /// Looks at the pane after a while; `None` if it is gone.
    ///
    /// # Errors
    /// There is no server, or it does not answer.
    pub fn look(&self, after: Duration) -> Result<Option<PaneSight>, TmuxError> {
        let (_, seen) = self.carry_out("", after)?;
        Ok(seen)
    }

    /// Pastes a text, bracketed if the program has asked for that, provided that the pane's process is
    /// `pid` and lives, and that the pane is in no mode; and looks what came of it after a while. `name`
    /// is a name for tmux's buffer that nobody else uses; the buffer is gone afterwards.
    ///
    /// The check and the paste are one step of the server: a paste into a dead pane ends tmux 3.3, and
    /// with it every agent.
    ///
    /// # Errors
    /// There is no server, or it does not answer: then it is not known whether the text was pasted.
    pub fn paste(&self, pid: Pid, name: &str, text: &str, after: Duration) -> Result<Seen, TmuxError> {
        let (pane, text) = (self.pane, quoted(text));
        // -r keeps line feeds, which tmux would make carriage returns of.
        let paste = format!("paste-buffer -p -r -d -b {name} -t {pane}");
        let guarded = self.guarded(pid, &paste, &format!("delete-buffer -b {name} ; "));
        self.carry_out(&format!("set-buffer -b {name} -- {text} ; {guarded} ; "), after)
    }

    /// Presses keys, by tmux's names for them, under the same conditions.
    ///
    /// # Errors
    /// As [`Typist::paste`].
    pub fn press<'a>(
        &self,
        pid: Pid,
        keys: impl IntoIterator<Item = &'a str>,
        after: Duration,
    ) -> Result<Seen, TmuxError> {
        let mut words = format!("send-keys -t {}", self.pane);
        for key in keys {
            let _ = write!(words, " {}", quoted(key));
        }
        let guarded = self.guarded(pid, &words, "");
        self.carry_out(&format!("{guarded} ; "), after)
    }

    fn guarded(&self, pid: Pid, then: &str, otherwise: &str) -> String {
        let pane = self.pane;
        let alive = format!("#{{&&:#{{==:#{{pane_pid}},{pid}}},#{{==:#{{pane_dead}},0}}}}");
        let elsewhere = "#{||:#{pane_in_mode},#{||:#{pane_synchronized},#{pane_input_off}}}";
        let condition = format!("#{{&&:{alive},#{{?{elsewhere},0,1}}}}");
        // Quoted again: they are arguments of if-shell.
        let then = quoted(&format!("{then} ; display-message -p {TYPED}"));
        let otherwise = quoted(&format!("{otherwise}display-message -p {REFUSED}"));
        format!("if-shell -F -t {pane} '{condition}' {then} {otherwise}")
    }

    /// Does something, waits, and looks: one call. tmux waits by itself, so that nobody has to be started
    /// only to wait.
    fn carry_out(&self, action: &str, after: Duration) -> Result<Seen, TmuxError> {
        let (pane, history) = (self.pane, self.history);
        let wait = match after.as_secs_f64() {
            0.0 => String::new(),
            seconds => format!("run-shell -d {seconds:.3} ; "),
        };
        let facts = format!("display-message -p -t {pane} '{}'", PaneSight::FORMAT);
        let script = self.server.script(&format!(
            "{action}{wait}display-message -p {LOOKED} ; {facts} ; capture-pane -p -e -S -{history} -t {pane}\n"
        ))?;
        let mut lines = script.printed.lines().map(str::to_owned);
        let before: Vec<String> = lines.by_ref().take_while(|line| line != LOOKED).collect();
        let guarded = if before.iter().any(|line| line == TYPED) { Guarded::Typed } else { Guarded::Refused };
        let seen = PaneSight::parse(&lines.next().unwrap_or_default(), lines.collect());
        match script.failed {
            // What was done before the server ended, or the pane was gone, was done.
            Some(error) if before.is_empty() && !is_gone(&error) => Err(error),
            _ => Ok((guarded, seen)),
        }
    }
}

/// Is there no such pane any more?
fn is_gone(error: &TmuxError) -> bool {
    matches!(error, TmuxError::Refused { message, .. } if is_missing(message))
}

const TYPED: &str = "mosaic-typed";
const REFUSED: &str = "mosaic-refused";
const LOOKED: &str = "mosaic-looked";

/// A text as tmux's command parser reads it back: what could mean something is written in octal. A
/// NUL, which no text of tmux's can hold, is left out.
fn quoted(text: &str) -> String {
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
    use super::quoted;

    #[test]
    fn nothing_in_a_text_means_something_to_the_parser() {
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("é;\n"), "\"é\\073\\012\"");
        assert_eq!(quoted("$HOME \"x\" \\ ~ #{pid}\0"), "\"\\044HOME \\042x\\042 \\134 \\176 \\043\\173pid\\175\"");
    }
}
