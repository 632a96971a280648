//! Wrapping text and parts of a line.

use unicode_width::UnicodeWidthStr;

use crate::{Line, Paint};

/// Wraps text with a hanging indent: `first` precedes the first line, and the other lines are indented by its
/// width. A word that is longer than a line is not broken, so that it can be copied.
#[must_use]
pub fn paragraph(first: &Line, paint: Paint, text: &str, columns: usize) -> Vec<Line> {
    let indent = first.width();
    let mut lines = Vec::new();
    for line in wrap(text, columns.saturating_sub(indent)) {
        let start = if lines.is_empty() { first.clone() } else { Line::default().space(indent) };
        lines.push(start.with(paint, &line));
    }
    lines
}

/// Places parts side by side on as many lines as they need. Parts are not broken, and the separator stands only
/// between parts of the same line.
#[must_use]
pub fn flow(parts: Vec<Line>, separator: &str, columns: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.width() + separator.width() + part.width() <= columns => {
                *line = std::mem::take(line).with(Paint::Dim, separator).append(part);
            }
            _ => lines.push(part),
        }
    }
    lines
}

fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::{flow, wrap};
    use crate::{Line, Paint};

    #[test]
    fn text_wraps_at_spaces_and_long_words_stay_whole() {
        assert_eq!(wrap("one two three", 99), ["one two three"]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("averyveryverylongword x", 5), ["averyveryverylongword", "x"]);
        assert_eq!(wrap("one\n  two", 99), ["one two"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn parts_stay_whole_and_no_line_begins_with_a_separator() {
        let parts = || ["one", "two", "three"].map(|part| Line::new(Paint::Plain, part)).to_vec();
        let lines = |columns| flow(parts(), " . ", columns).iter().map(|line| line.render(false)).collect::<Vec<_>>();
        assert_eq!(lines(17), ["one . two . three"]);
        assert_eq!(lines(16), ["one . two", "three"]);
        assert_eq!(lines(1), ["one", "two", "three"]);
    }
}
