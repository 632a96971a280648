//! What standard output supports: its width, colors and character set.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

use rustix::termios::tcgetwinsize;

use crate::{Line, Paint};

/// How output is laid out and rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// The width of a line in columns.
    pub columns: usize,
    /// Whether SGR sequences are written.
    pub color: bool,
    /// Whether only ASCII is written.
    pub ascii: bool,
}

impl Style {
    /// The style of standard output. `variable` looks up a variable of the environment: `LC_ALL`, `LC_CTYPE`,
    /// `LANG`, `TERM` and `NO_COLOR` are read.
    pub fn for_stdout(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let columns = io::stdout().is_terminal().then(|| terminal_size().0);
        Self::new(columns, variable)
    }

    /// The style of a terminal of this width or, without one, of a file: unlimited width and no color.
    fn new(terminal_columns: Option<usize>, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        Self {
            columns: terminal_columns.unwrap_or(usize::MAX),
            color: terminal_columns.is_some() && !dumb && set("NO_COLOR").is_none(),
            ascii: !(locale.contains("utf-8") || locale.contains("utf8")),
        }
    }

    /// An arrow, which precedes advice.
    #[must_use]
    pub fn arrow(&self) -> &'static str {
        if self.ascii { "->" } else { "→" }
    }

    /// The separator between the parts of a line.
    #[must_use]
    pub fn separator(&self) -> &'static str {
        if self.ascii { " | " } else { " · " }
    }

    /// The last character of text that was cut.
    #[must_use]
    pub fn ellipsis(&self) -> char {
        if self.ascii { '~' } else { '…' }
    }
}

/// A mark of state. The symbols differ from each other without color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// On its way to good.
    Pending,
    /// Degraded.
    Warning,
    /// Failed.
    Bad,
    /// Missing, which is a failure too.
    Absent,
    /// At rest on request, which is no failure.
    Resting,
    /// Could not be determined.
    Unknown,
}

impl Mark {
    /// The symbol, one column wide.
    #[must_use]
    pub fn symbol(self, style: &Style) -> &'static str {
        let (symbol, ascii) = match self {
            Self::Good => ("●", "*"),
            Self::Pending => ("◐", "~"),
            Self::Warning => ("◌", "!"),
            Self::Bad => ("✗", "x"),
            Self::Absent => ("–", "-"),
            Self::Resting => ("◻", "."),
            Self::Unknown => ("?", "?"),
        };
        if style.ascii { ascii } else { symbol }
    }

    /// The color.
    #[must_use]
    pub fn paint(self) -> Paint {
        match self {
            Self::Good => Paint::Green,
            Self::Pending => Paint::Cyan,
            Self::Warning => Paint::Yellow,
            Self::Bad | Self::Absent => Paint::Red,
            Self::Resting => Paint::Dim,
            Self::Unknown => Paint::Magenta,
        }
    }

    /// A line that begins with the colored symbol and a space.
    #[must_use]
    pub fn line(self, style: &Style) -> Line {
        Line::new(self.paint(), self.symbol(style)).space(1)
    }
}

/// The columns and rows of the terminal on standard output; 80 and 24 if it does not report a size.
#[must_use]
pub fn terminal_size() -> (usize, usize) {
    let size = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    size.map_or((80, 24), |size| (size.ws_col.into(), size.ws_row.into()))
}

#[cfg(test)]
mod tests {
    use super::Style;
    use std::ffi::OsString;

    fn style(terminal: Option<usize>, variables: &[(&str, &str)]) -> Style {
        Style::new(terminal, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn color_needs_a_capable_terminal_and_no_color_unset() {
        let xterm = ("TERM", "xterm");
        assert!(style(Some(100), &[xterm]).color);
        assert!(style(Some(100), &[xterm, ("NO_COLOR", "")]).color);
        assert!(!style(Some(100), &[xterm, ("NO_COLOR", "1")]).color);
        assert!(!style(Some(100), &[("TERM", "dumb")]).color);
        assert!(!style(Some(100), &[]).color);
        assert!(!style(None, &[xterm]).color);
    }

    #[test]
    fn without_a_terminal_the_width_is_unlimited() {
        assert_eq!(style(None, &[]).columns, usize::MAX);
        assert_eq!(style(Some(40), &[]).columns, 40);
    }

    #[test]
    fn output_is_ascii_unless_the_locale_is_utf8() {
        for (variables, ascii) in [
            (&[][..], true),
            (&[("LANG", "C")], true),
            (&[("LANG", "C.UTF-8")], false),
            (&[("LANG", "C"), ("LC_CTYPE", "de_DE.utf8")], false),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "C")], true),
        ] {
            assert_eq!(style(None, variables).ascii, ascii, "{variables:?}");
        }
    }
}
