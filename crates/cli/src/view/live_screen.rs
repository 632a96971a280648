//! A page that is drawn again and again in one place of the terminal.

use std::io::{self, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::style::terminal_size;
use super::{Line, Paint, Style};

/// The alternate screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
/// Back to what was there before.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// What one frame starts with and ends with: terminals that know it (DEC mode 2026) show nothing
/// of what is in between until it is complete, and all others pass it over.
const BEGIN: &str = "\x1b[?2026h\x1b[H";
const END: &str = "\x1b[J\x1b[?2026l";

/// The terminal, which is what it was before when this goes.
#[derive(Debug)]
pub(crate) struct LiveScreen {
    settings: Option<Termios>,
    output: io::Stdout,
}

impl LiveScreen {
    /// Takes the terminal: what is typed is no longer shown.
    ///
    /// # Errors
    /// It cannot be written to.
    pub(crate) fn enter() -> io::Result<Self> {
        let settings = io::stdin().is_terminal().then(|| tcgetattr(io::stdin()).ok()).flatten();
        if let Some(settings) = &settings {
            let mut quiet = settings.clone();
            quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        }
        let screen = Self { settings, output: io::stdout() };
        screen.write(ENTER)?;
        Ok(screen)
    }

    /// Draws a page over the one before, in one write, cut to the terminal.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn show(&self, page: &[Line], style: &Style) -> io::Result<()> {
        self.write(&frame(page, terminal_size(), style))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut terminal = self.output.lock();
        terminal.write_all(text.as_bytes())?;
        terminal.flush()
    }
}

impl Drop for LiveScreen {
    fn drop(&mut self) {
        // There is nobody left to tell that the terminal is gone.
        let _ = self.write(LEAVE);
        if let Some(settings) = &self.settings {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, settings);
        }
    }
}

fn frame(page: &[Line], (columns, rows): (usize, usize), style: &Style) -> String {
    let mut shown: Vec<Line> = page.to_vec();
    if shown.len() > rows {
        shown.truncate(rows.saturating_sub(1));
        let hidden = page.len() - shown.len();
        shown
            .push(Line::of(Paint::Dim, &format!("{} {hidden} more lines: make the terminal higher", style.ellipsis())));
    }
    let mut frame = BEGIN.to_owned();
    for (at, line) in shown.into_iter().enumerate() {
        if at > 0 {
            frame.push_str("\r\n");
        }
        let line = line.fit(columns, style.ellipsis());
        frame.push_str(&line.render(style.colour));
        // In a full line the cursor still stands on the last letter, which would be erased.
        if line.width() < columns {
            frame.push_str("\x1b[K");
        }
    }
    frame.push_str(END);
    frame
}

#[cfg(test)]
mod tests {
    use super::frame;
    use crate::view::{Line, Paint, Style};

    #[test]
    fn a_frame_never_scrolls_and_never_wraps() {
        let page: Vec<Line> =
            ["one", "a line that is too long", "three", "four"].map(|text| Line::of(Paint::Plain, text)).to_vec();
        let style = Style { columns: 8, colour: false, ascii: false };
        let text = frame(&page, (8, 3), &style);
        assert_eq!(text, "\x1b[?2026h\x1b[Hone\x1b[K\r\na line …\r\n… 2 mor…\x1b[J\x1b[?2026l");
        let all = frame(&page[..1], (8, 3), &style);
        assert_eq!(all, "\x1b[?2026h\x1b[Hone\x1b[K\x1b[J\x1b[?2026l");
    }
}
