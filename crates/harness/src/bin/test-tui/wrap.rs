use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Wraps a text into lines of at most `columns`, before words where possible and within words that are too long, like
/// pi. No character is dropped.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    text.split('\n').flat_map(|line| wrap_line(&printable(line), columns.max(2))).collect()
}

/// Truncates a text to `columns`, with `...` at the end if it does not fit.
pub(crate) fn truncate(text: &str, columns: usize) -> String {
    let text = printable(text);
    if text.width() <= columns {
        return text;
    }
    let mut left = columns.saturating_sub(3);
    let fits = |character: &char| left.checked_sub(character.width().unwrap_or(0)).map(|less| left = less).is_some();
    text.chars().take_while(fits).collect::<String>() + "..."
}

/// Removes control characters and expands tabs.
fn printable(text: &str) -> String {
    text.replace('\t', "    ").chars().filter(|character| !character.is_control()).collect()
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut start, mut used) = (0, 0);
    // The start of the last word of this line, and the width before it.
    let mut word = None;
    let mut after_space = false;
    for (at, character) in line.char_indices() {
        let width = character.width().unwrap_or(0);
        if after_space && character != ' ' && at > start {
            word = Some((at, used));
        }
        after_space = character == ' ';
        if used + width > columns {
            let whole_word = word.take().filter(|(_, before)| used - before + width <= columns);
            let (end, before) = whole_word.unwrap_or((at, used));
            lines.push(line[start..end].to_owned());
            (start, used) = (end, used - before);
        }
        used += width;
    }
    lines.push(line[start..].to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::{truncate, wrap};
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn lines_break_before_words_and_within_long_words() {
        let table: [(&str, usize, &[&str]); 10] = [
            ("", 5, &[""]),
            ("hello", 5, &["hello"]),
            ("hello world", 8, &["hello ", "world"]),
            ("hello world", 5, &["hello", " ", "world"]),
            ("abcdefgh", 3, &["abc", "def", "gh"]),
            ("a bcdefgh", 3, &["a ", "bcd", "efg", "h"]),
            ("one\n\ntwo", 9, &["one", "", "two"]),
            ("日本語", 5, &["日本", "語"]),
            ("a\tb\u{7}", 9, &["a    b"]),
            ("a 日", 2, &["a ", "日"]),
        ];
        for (text, columns, expected) in table {
            assert_eq!(wrap(text, columns), expected, "{text:?} in {columns}");
        }
    }

    #[test]
    fn wrap_keeps_every_character_within_the_width() {
        let text = "the quick  brown   fox, 日本語 and a-very-long-word-that-fits-nowhere   ";
        for columns in 2..80 {
            let lines = wrap(text, columns);
            assert_eq!(lines.concat(), text, "{columns}");
            assert!(lines.iter().all(|line| !line.is_empty() && line.width() <= columns), "{columns}: {lines:?}");
        }
    }

    #[test]
    fn truncate_replaces_the_rest_with_dots() {
        assert_eq!(truncate("hello", 5), "hello");
        assert_eq!(truncate("hello world", 8), "hello...");
        assert_eq!(truncate("日本語日本", 8), "日本...");
    }
}
