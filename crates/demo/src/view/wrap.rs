//! Breaks what is told into lines.

use unicode_width::UnicodeWidthStr;

/// Breaks a text at its spaces so that no line takes more than `columns`, if no single word does;
/// further lines are indented.
pub(crate) fn wrap(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut words = text.split(' ');
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        // Empty words are further spaces, which a line may have too many of.
        if line.width() + 1 + word.width() > columns && !line.trim().is_empty() && !word.is_empty() {
            lines.push(line);
            line = format!("{}{word}", " ".repeat(indent));
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        assert_eq!(wrap("one two three", 99, 2), ["one two three"]);
        assert_eq!(wrap("  1.0 s  one two three", 12, 4), ["  1.0 s  one", "    two", "    three"]);
        assert_eq!(wrap("averyveryverylongword x", 5, 0), ["averyveryverylongword", "x"]);
        assert_eq!(wrap("  averylongword", 5, 0), ["  averylongword"]);
        assert_eq!(wrap("", 5, 0), [""]);
    }
}
