//! How standard output may look.

use std::io::{self, IsTerminal};

use mosaic_probe::snapshot::Condition;
use mosaic_probe::verify::Status;
use rustix::termios::tcgetwinsize;

use crate::context::Environment;

/// What the terminal, or what there is instead, allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// No line is longer.
    pub(crate) columns: usize,
    /// The eight colours.
    pub(crate) colour: bool,
    /// Nothing but ASCII.
    pub(crate) ascii: bool,
}

impl Style {
    /// Looks what standard output is.
    pub(crate) fn of_standard_output(environment: &Environment) -> Self {
        let columns = io::stdout().is_terminal().then(|| terminal_size().0);
        Self::choose(columns, environment)
    }

    /// Without a terminal nothing is cut, and there is no colour.
    fn choose(terminal_columns: Option<usize>, environment: &Environment) -> Self {
        let set = |name| environment.variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        let dumb = set("TERM").is_none_or(|term| term == "dumb");
        Self {
            columns: terminal_columns.unwrap_or(usize::MAX),
            colour: terminal_columns.is_some() && !dumb && set("NO_COLOR").is_none(),
            ascii: !(locale.contains("utf-8") || locale.contains("utf8")),
        }
    }

    /// A mark that differs from the others without any colour.
    pub(crate) fn condition_mark(&self, condition: Condition) -> &'static str {
        let (mark, ascii) = match condition {
            Condition::Up => ("●", "*"),
            Condition::Starting => ("◐", "~"),
            Condition::Stale => ("◌", "!"),
            Condition::Dead => ("✗", "x"),
            Condition::Missing => ("–", "-"),
            Condition::Unknown => ("?", "?"),
        };
        self.either(mark, ascii)
    }

    /// The same for a check.
    pub(crate) fn status_mark(&self, status: Status) -> &'static str {
        match status {
            Status::Pass => self.either("●", "*"),
            Status::Fail => self.either("✗", "x"),
            Status::Unknown => "?",
        }
    }

    /// What stands before advice.
    pub(crate) fn arrow(&self) -> &'static str {
        self.either("→", "->")
    }

    /// What stands between things of a line.
    pub(crate) fn dot(&self) -> &'static str {
        self.either(" · ", " | ")
    }

    /// What stands where text was cut off.
    pub(crate) fn ellipsis(&self) -> char {
        if self.ascii { '~' } else { '…' }
    }

    fn either(&self, mark: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { mark }
    }
}

/// Columns and rows. A terminal that knows no size has the usual one.
pub(crate) fn terminal_size() -> (usize, usize) {
    let size = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    size.map_or((80, 24), |size| (size.ws_col.into(), size.ws_row.into()))
}

#[cfg(test)]
mod tests {
    use super::Style;

    fn style(terminal: Option<usize>, variables: &[(&str, &str)]) -> Style {
        Style::choose(terminal, &variables.iter().copied().collect())
    }

    #[test]
    fn colour_is_for_terminals_whose_user_wants_it() {
        let xterm = ("TERM", "xterm");
        assert!(style(Some(100), &[xterm]).colour);
        assert!(style(Some(100), &[xterm, ("NO_COLOR", "")]).colour);
        assert!(!style(Some(100), &[xterm, ("NO_COLOR", "1")]).colour);
        assert!(!style(Some(100), &[("TERM", "dumb")]).colour);
        assert!(!style(Some(100), &[]).colour);
        assert!(!style(None, &[xterm]).colour);
    }

    #[test]
    fn nothing_is_cut_where_there_is_no_terminal() {
        assert_eq!(style(None, &[]).columns, usize::MAX);
        assert_eq!(style(Some(40), &[]).columns, 40);
    }

    #[test]
    fn marks_are_ascii_where_the_locale_is_not_utf8() {
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
