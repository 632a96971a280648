//! Styled text on one line, measured in terminal columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::Style;

/// The color or weight of a part of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paint {
    /// The terminal's default.
    #[default]
    Plain,
    /// Bold.
    Bold,
    /// Faint.
    Dim,
    /// Green.
    Green,
    /// Cyan.
    Cyan,
    /// Yellow.
    Yellow,
    /// Bold red.
    Red,
    /// Magenta.
    Magenta,
}

impl Paint {
    /// The parameters of the SGR sequence (ECMA-48). Only the eight colors that every terminal supports are used.
    fn sgr(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Green => Some("32"),
            Self::Cyan => Some("36"),
            Self::Yellow => Some("33"),
            Self::Red => Some("1;31"),
            Self::Magenta => Some("35"),
        }
    }
}

/// One line of output: parts, each with its [`Paint`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(Vec<(Paint, String)>);

impl Line {
    /// A line with one part.
    #[must_use]
    pub fn new(paint: Paint, text: &str) -> Self {
        Self::default().with(paint, text)
    }

    /// Appends a part. Control characters become spaces.
    #[must_use]
    pub fn with(mut self, paint: Paint, text: &str) -> Self {
        let text = text.chars().map(|c| if is_control(c) { ' ' } else { c }).collect();
        self.0.push((paint, text));
        self
    }

    /// Appends all parts of another line.
    #[must_use]
    pub fn append(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Appends spaces.
    #[must_use]
    pub fn space(self, columns: usize) -> Self {
        self.with(Paint::Plain, &" ".repeat(columns))
    }

    /// The width in columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// Cuts the line to a width. A line that was cut ends in the ellipsis.
    #[must_use]
    pub fn truncate(self, columns: usize, ellipsis: char) -> Self {
        if self.width() <= columns {
            return self;
        }
        let mut left = columns;
        let mut parts = Vec::new();
        for (paint, text) in self.0 {
            let width = text.width();
            if width < left {
                left -= width;
                parts.push((paint, text));
            } else {
                // One more column than fits, so that a part of exactly that width is cut too.
                parts.push((paint, truncate(&format!("{text} "), left, ellipsis)));
                break;
            }
        }
        Self(parts)
    }

    /// The text without trailing spaces, with SGR sequences if `color` is set.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let mut rendered = String::new();
        for (paint, text) in &self.0 {
            match paint.sgr().filter(|_| color && !text.trim().is_empty()) {
                Some(codes) => rendered.extend(["\x1b[", codes, "m", text, "\x1b[0m"]),
                None => rendered.push_str(text),
            }
        }
        rendered.truncate(rendered.trim_end().len());
        rendered
    }
}

/// Renders lines as one text. Each line ends in a line feed.
#[must_use]
pub fn render(lines: &[Line], style: &Style) -> String {
    lines.iter().map(|line| line.render(style.color) + "\n").collect()
}

/// Escapes all control characters but line feeds and tabs, for text that is printed as it is and may contain
/// names and paths from untrusted sources.
#[must_use]
pub fn escape_control(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => escaped.push(c),
            _ if is_control(c) => escaped.extend(c.escape_default()),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Whether a character acts on the terminal: a control character, or one that changes the direction of the text.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Cuts a text to a width. A text that was cut ends in the ellipsis.
pub(crate) fn truncate(text: &str, columns: usize, ellipsis: char) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut left = columns.saturating_sub(1);
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        cut.push(c);
    }
    if columns > 0 {
        cut.push(ellipsis);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::{Line, Paint, escape_control, truncate};

    #[test]
    fn text_is_cut_by_columns_and_not_by_characters() {
        let table = [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("界界界", 6, "界界界"),
            ("界界界", 5, "界界…"),
            ("界界界", 4, "界…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
        ];
        for (text, columns, expected) in table {
            assert_eq!(truncate(text, columns, '…'), expected, "{text} in {columns}");
        }
    }

    #[test]
    fn a_line_is_cut_across_its_parts() {
        let line = || Line::new(Paint::Red, "dead").with(Paint::Plain, " and gone");
        for (columns, expected) in
            [(99, "dead and gone"), (13, "dead and gone"), (12, "dead and go…"), (4, "dea…"), (0, "")]
        {
            let cut = line().truncate(columns, '…');
            assert_eq!(cut.render(false), expected);
            assert!(cut.width() <= columns);
        }
    }

    #[test]
    fn color_is_added_only_if_enabled_and_only_to_visible_text() {
        let line = Line::new(Paint::Red, "dead").with(Paint::Dim, "  ").with(Paint::Plain, "x\x1b[2J\u{202e}\t");
        assert_eq!(line.render(false), "dead  x [2J");
        assert_eq!(line.render(true), "\x1b[1;31mdead\x1b[0m  x [2J");
    }

    #[test]
    fn control_characters_are_escaped() {
        let table = [
            ("at line 3:\n\t| é界", "at line 3:\n\t| é界"),
            ("/no\x1b[31m\r\x07", "/no\\u{1b}[31m\\r\\u{7}"),
            ("\u{9b}2J \u{202e}txt", "\\u{9b}2J \\u{202e}txt"),
        ];
        for (text, escaped) in table {
            assert_eq!(escape_control(text), escaped);
        }
    }
}
