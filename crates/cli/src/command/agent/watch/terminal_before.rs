//! The terminal as it was, for when tmux cannot give it back: its client leaves only when the server has
//! answered, and one that hangs never does.

use std::io::{self, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// No mouse, no bracketed paste, no extended keys, colours and cursor as usual, the first screen.
const AS_USUAL: &[u8] = b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[>4m\x1b[?1l\x1b>\
\x1b[m\x1b[?25h\x1b[?1049l\r\n";

/// What is to be restored.
#[derive(Debug)]
pub(super) struct TerminalBefore(Option<Termios>);

impl TerminalBefore {
    pub(super) fn remember() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }

    /// As far as it can be: there is nobody left to tell that the terminal is gone.
    pub(super) fn restore(&self) {
        if let Some(settings) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, settings);
        }
        let _ = io::stdout().write_all(AS_USUAL);
        let _ = io::stdout().flush();
    }
}
