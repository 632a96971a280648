//! How the demo may look.

use std::ffi::OsString;

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
    /// Without a terminal nothing is cut, and there is no colour.
    pub(crate) fn choose(terminal: bool, columns: usize, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        Self {
            columns: if terminal { columns } else { usize::MAX },
            colour: terminal && set("NO_COLOR").is_none(),
            ascii: !(locale.contains("utf-8") || locale.contains("utf8")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Style;
    use std::ffi::OsString;

    fn style(terminal: bool, variables: &[(&str, &str)]) -> Style {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        Style::choose(terminal, 100, find)
    }

    #[test]
    fn colour_is_for_terminals_whose_user_wants_it() {
        assert!(style(true, &[]).colour);
        assert!(style(true, &[("NO_COLOR", "")]).colour);
        assert!(!style(true, &[("NO_COLOR", "1")]).colour);
        assert!(!style(false, &[]).colour);
    }

    #[test]
    fn marks_are_ascii_where_the_locale_is_not_utf8() {
        assert!(style(true, &[]).ascii);
        assert!(style(true, &[("LANG", "C")]).ascii);
        assert!(!style(true, &[("LANG", "C.UTF-8")]).ascii);
        assert!(!style(true, &[("LANG", "C"), ("LC_CTYPE", "de_DE.utf8")]).ascii);
        assert!(style(true, &[("LANG", "C.UTF-8"), ("LC_ALL", "C")]).ascii);
    }
}
