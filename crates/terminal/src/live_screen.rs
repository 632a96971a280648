//! A page that is redrawn in place on the alternate screen.

use std::io::{self, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::{Line, Paint, Style, terminal_size};

/// Switches to the alternate screen, hides the cursor and clears.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
/// Shows the cursor and switches back.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// The start and the end of a frame. Terminals with synchronized output (DEC private mode 2026) show a frame only
/// when it is complete; others ignore the mode.
const BEGIN: &str = "\x1b[?2026h\x1b[H";
const END: &str = "\x1b[J\x1b[?2026l";

/// The alternate screen of the terminal. Dropping it restores the previous screen and settings.
#[derive(Debug)]
pub struct LiveScreen {
    settings: Option<Termios>,
    output: io::Stdout,
}

impl LiveScreen {
    /// Enters the alternate screen. Typed characters are not echoed, and can be read without waiting for a line.
    ///
    /// # Errors
    /// The terminal cannot be configured or written to.
    pub fn enter() -> io::Result<Self> {
        let settings = io::stdin().is_terminal().then(|| tcgetattr(io::stdin()).ok()).flatten();
        if let Some(settings) = &settings {
            let mut raw = settings.clone();
            raw.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            tcsetattr(io::stdin(), OptionalActions::Flush, &raw)?;
        }
        let screen = Self { settings, output: io::stdout() };
        screen.write(ENTER)?;
        Ok(screen)
    }

    /// Draws a page over the previous one in one write, cut to the size of the terminal.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub fn show(&self, page: &[Line], style: &Style) -> io::Result<()> {
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
        // A terminal that is gone needs no restoring.
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
        shown.push(Line::new(Paint::Dim, &format!("{} {hidden} more lines: enlarge the terminal", style.ellipsis())));
    }
    let mut frame = BEGIN.to_owned();
    for (at, line) in shown.into_iter().enumerate() {
        if at > 0 {
            frame.push_str("\r\n");
        }
        let line = line.truncate(columns, style.ellipsis());
        frame.push_str(&line.render(style.color));
        // After a full line the cursor is still on its last character, which would be erased.
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
    use crate::{Line, Paint, Style};

    #[test]
    fn a_frame_fits_the_terminal_without_scrolling_or_wrapping() {
        let page: Vec<Line> =
            ["one", "a line that is too long", "three", "four"].map(|text| Line::new(Paint::Plain, text)).to_vec();
        let style = Style { columns: 8, color: false, ascii: false };
        let text = frame(&page, (8, 3), &style);
        assert_eq!(text, "\x1b[?2026h\x1b[Hone\x1b[K\r\na line …\r\n… 2 mor…\x1b[J\x1b[?2026l");
        let all = frame(&page[..1], (8, 3), &style);
        assert_eq!(all, "\x1b[?2026h\x1b[Hone\x1b[K\x1b[J\x1b[?2026l");
    }
}
