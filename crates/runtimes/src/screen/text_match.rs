//! What of a text can be found again on a screen, however a program wraps and decorates it.

/// The text without what a terminal may show otherwise: blanks (lines are wrapped, tabs expanded),
/// combining marks and emoji (terminals differ on their widths, and join or drop them).
#[must_use]
pub fn squeezed(text: &str) -> String {
    text.chars().filter(|character| character.is_ascii_graphic() || character.is_alphanumeric()).collect()
}

/// The letters and digits alone: what is left of a text also where its Markdown is rendered.
#[must_use]
pub fn letters(text: &str) -> String {
    text.chars().filter(|character| character.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::{letters, squeezed};

    #[test]
    fn what_a_terminal_may_change_is_left_out() {
        assert_eq!(squeezed("  a\tb\u{a0}— e\u{301} 👩‍🚀 *x* 漢字\n"), "abe*x*漢字");
        assert_eq!(letters("**bold** [x](y) 1."), "boldxy1");
    }
}
