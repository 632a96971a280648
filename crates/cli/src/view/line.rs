//! One line on the screen, measured in columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Style;
use super::paint::Paint;

/// Parts of a line, each in its paint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Paint, String)>);

impl Line {
    /// A line of one part.
    pub(crate) fn of(paint: Paint, text: &str) -> Self {
        Self::default().with(paint, text)
    }

    /// The line with `text` at its end. What would move the cursor becomes a space.
    pub(crate) fn with(mut self, paint: Paint, text: &str) -> Self {
        let text = text.chars().map(|letter| if is_dangerous(letter) { ' ' } else { letter }).collect();
        self.0.push((paint, text));
        self
    }

    /// The line with another one at its end.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The line with so many spaces at its end.
    pub(crate) fn space(self, columns: usize) -> Self {
        self.with(Paint::Plain, &" ".repeat(columns))
    }

    /// How many columns it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| text.width()).sum()
    }

    /// The line, cut to so many columns.
    pub(crate) fn fit(self, columns: usize, ellipsis: char) -> Self {
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
                // One column more than there is, so that it is cut even if it just fits.
                parts.push((paint, fit(&format!("{text} "), left, ellipsis)));
                break;
            }
        }
        Self(parts)
    }

    /// The text, with colour or without, and without spaces at its end.
    pub(crate) fn render(&self, colour: bool) -> String {
        let mut rendered = String::new();
        for (paint, text) in &self.0 {
            match paint.codes().filter(|_| colour && !text.trim().is_empty()) {
                Some(codes) => rendered.extend(["\x1b[", codes, "m", text, "\x1b[0m"]),
                None => rendered.push_str(text),
            }
        }
        rendered.truncate(rendered.trim_end().len());
        rendered
    }
}

/// Does it do something to the terminal, or to how what follows is read: a control character, or one
/// that turns the direction of the text around?
pub(super) fn is_dangerous(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Lines as one text.
pub(crate) fn render(lines: &[Line], style: &Style) -> String {
    lines.iter().map(|line| line.render(style.colour) + "\n").collect()
}

/// Cuts a text to so many columns; the last one then is the ellipsis.
pub(super) fn fit(text: &str, columns: usize, ellipsis: char) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut left = columns.saturating_sub(1);
    for letter in text.chars() {
        let width = letter.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        cut.push(letter);
    }
    if columns > 0 {
        cut.push(ellipsis);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::{Line, fit};
    use crate::view::Paint;

    #[test]
    fn text_is_cut_by_columns_and_not_by_letters() {
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
            assert_eq!(fit(text, columns, '…'), expected, "{text} in {columns}");
        }
    }

    #[test]
    fn a_line_is_cut_across_its_parts() {
        let line = || Line::of(Paint::Red, "dead").with(Paint::Plain, " and gone");
        for (columns, expected) in
            [(99, "dead and gone"), (13, "dead and gone"), (12, "dead and go…"), (4, "dea…"), (0, "")]
        {
            let fitted = line().fit(columns, '…');
            assert_eq!(fitted.render(false), expected);
            assert!(fitted.width() <= columns);
        }
    }

    #[test]
    fn colour_is_added_only_where_it_is_wanted_and_seen() {
        let line = Line::of(Paint::Red, "dead").with(Paint::Dim, "  ").with(Paint::Plain, "x\x1b[2J\u{202e}\t");
        assert_eq!(line.render(false), "dead  x [2J");
        assert_eq!(line.render(true), "\x1b[1;31mdead\x1b[0m  x [2J");
    }
}
