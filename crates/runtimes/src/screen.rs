//! The content of a pane as lines of text, parsed from a capture by tmux, and text comparison that tolerates how
//! programs wrap and decorate what they show. What a screen means is decided in [`crate::Profile`].

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

use mosaic_tmux::CapturedPane;
use unicode_normalization::UnicodeNormalization;

/// The end of a pane's history, followed by its visible rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// The lines, from the oldest line of the history to the last row.
    pub lines: Vec<StyledLine>,
    /// The number of lines that are history. A program can no longer draw on these.
    pub history: usize,
    /// The index in `lines` of the line with the cursor.
    pub cursor_line: usize,
    /// The column of the cursor, from 0.
    pub cursor_column: usize,
    /// The width in columns.
    pub width: usize,
    /// The title that the program has given its terminal.
    pub title: String,
}

impl Screen {
    /// Parses a capture of a pane.
    #[must_use]
    pub fn from_capture(capture: &CapturedPane) -> Self {
        Self {
            lines: StyledLine::parse_all(capture.lines.iter().map(String::as_str)),
            history: capture.history.min(capture.lines.len()),
            cursor_line: capture.cursor_line,
            cursor_column: capture.cursor_column,
            width: capture.width,
            title: capture.title.clone(),
        }
    }

    /// Parses text as captured from a pane of 100 columns, with the cursor in the first column of the last line.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let lines = StyledLine::parse_all(text.lines());
        let cursor_line = lines.len().saturating_sub(1);
        Self { lines, history: 0, cursor_line, cursor_column: 0, width: 100, title: String::new() }
    }

    /// Returns an empty screen, which stands for a pane that no longer exists.
    #[must_use]
    pub fn blank() -> Self {
        Self { lines: Vec::new(), history: 0, cursor_line: 0, cursor_column: 0, width: 0, title: String::new() }
    }

    /// Returns the visible rows, from the first.
    #[must_use]
    pub fn visible(&self) -> &[StyledLine] {
        &self.lines[self.history..]
    }

    /// Returns the visible rows as plain text, without the blank rows at the end.
    #[must_use]
    pub fn visible_text(&self) -> Vec<&str> {
        let rows = self.visible();
        let end = rows.iter().rposition(|row| !row.text.is_empty()).map_or(0, |last| last + 1);
        rows[..end].iter().map(|row| row.text.as_str()).collect()
    }
}

/// A line of a screen without its escape sequences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledLine {
    /// The text, without trailing blanks.
    pub text: String,
    /// The same text with blanks in place of faint characters: programs show suggestions faintly, and a suggestion
    /// was not typed.
    pub firm: String,
    /// The same text with blanks in place of characters that are faint or have a color of their own.
    pub plain: String,
    /// Where the background changes: the column, counted in characters, and the background from there on. The line
    /// begins with the first one.
    pub backgrounds: Vec<(usize, String)>,
    /// Where the color of the text changes, in the same way: the parameters of the SGR sequence, such as `38;5;103`.
    pub foregrounds: Vec<(usize, String)>,
    /// The columns, counted in characters, of what is drawn inversely, such as a cursor that the program draws itself.
    pub inverse: Vec<usize>,
}

impl StyledLine {
    /// Parses the output of `capture-pane -e`. A color that is not ended continues in the next line.
    pub fn parse_all<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let mut pen = Pen::default();
        lines.into_iter().map(|line| Self::parse_with(line, &mut pen)).collect()
    }

    /// Parses a line of the output of `capture-pane -e` that no color continues into.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        Self::parse_with(line, &mut Pen::default())
    }

    fn parse_with(line: &str, pen: &mut Pen) -> Self {
        let (mut text, mut firm, mut plain) = (String::new(), String::new(), String::new());
        let (mut column, mut inverse) = (0, Vec::new());
        let (mut backgrounds, mut foregrounds) = (Vec::<(usize, String)>::new(), Vec::<(usize, String)>::new());
        let mut rest = line.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\x1b' => escape(&mut rest, pen),
                control if control.is_control() => {}
                character => {
                    if backgrounds.last().is_none_or(|(_, background)| *background != pen.background) {
                        backgrounds.push((column, pen.background.clone()));
                    }
                    if foregrounds.last().is_none_or(|(_, foreground)| *foreground != pen.foreground) {
                        foregrounds.push((column, pen.foreground.clone()));
                    }
                    if pen.inverse {
                        inverse.push(column);
                    }
                    column += 1;
                    text.push(character);
                    firm.push(if pen.faint { ' ' } else { character });
                    plain.push(if pen.faint || !pen.foreground.is_empty() { ' ' } else { character });
                }
            }
        }
        // The blanks behind the last change of the background are not captured.
        if backgrounds.last().is_some_and(|(_, background)| *background != pen.background) {
            backgrounds.push((column, pen.background.clone()));
        }
        Self {
            text: text.trim_end().to_owned(),
            firm: firm.trim_end().to_owned(),
            plain: plain.trim_end().to_owned(),
            backgrounds,
            foregrounds,
            inverse,
        }
    }

    /// Returns the text with blanks in place of characters that are faint or have one of these colors.
    #[must_use]
    pub fn firm_without(&self, colors: &[String]) -> Cow<'_, str> {
        if colors.is_empty() || !self.foregrounds.iter().any(|(_, color)| colors.contains(color)) {
            return Cow::Borrowed(&self.firm);
        }
        let is_hint = |column: usize| {
            let nth = self.foregrounds.iter().rposition(|(begin, _)| *begin <= column);
            nth.is_some_and(|nth| colors.contains(&self.foregrounds[nth].1))
        };
        let blanked =
            self.firm.chars().enumerate().map(|(column, character)| if is_hint(column) { ' ' } else { character });
        Cow::Owned(blanked.collect::<String>().trim_end().to_owned())
    }

    /// Appends a line that continues this one, after a blank and without its indentation. Backgrounds and colors are those
    /// of the first line.
    pub(crate) fn join(&mut self, next: &Self) {
        let width = self.text.chars().count();
        let indent = next.text.chars().take_while(|character| character.is_whitespace()).count();
        for (all, more) in [(&mut self.firm, &next.firm), (&mut self.plain, &next.plain)] {
            let missing = width.saturating_sub(all.chars().count());
            all.extend(std::iter::repeat_n(' ', missing + 1));
            all.extend(more.chars().skip(indent));
        }
        self.text.push(' ');
        self.text.push_str(next.text.trim_start());
    }

    /// Returns the background in this column.
    #[must_use]
    pub fn background_at(&self, column: usize) -> &str {
        let found = self.backgrounds.iter().rev().find(|(begin, _)| *begin <= column);
        found.map_or("", |(_, background)| background)
    }

    /// Returns the columns of the part of the line with its own background that contains this column; `None` if that
    /// background begins or ends the line.
    #[must_use]
    pub fn panel_at(&self, column: usize) -> Option<(usize, usize)> {
        let nth = self.backgrounds.iter().rposition(|(begin, _)| *begin <= column)?;
        let (begin, _) = self.backgrounds.get(nth).filter(|(begin, _)| *begin > 0)?;
        let (end, _) = self.backgrounds.get(nth + 1)?;
        Some((*begin, *end))
    }
}

/// How characters are drawn.
#[derive(Debug, Default)]
struct Pen {
    faint: bool,
    inverse: bool,
    foreground: String,
    background: String,
}

/// Consumes the rest of an escape sequence (ECMA-48).
fn escape(rest: &mut Peekable<Chars<'_>>, pen: &mut Pen) {
    match rest.next() {
        Some('[') => {
            let mut parameters = String::new();
            for character in rest.by_ref() {
                if ('\x40'..='\x7e').contains(&character) {
                    if character == 'm' {
                        pen.apply(&parameters);
                    }
                    return;
                }
                parameters.push(character);
            }
        }
        // An operating system command, such as a hyperlink, ends with BEL or ESC \.
        Some(']') => {
            while let Some(character) = rest.next() {
                if character == '\x07' || (character == '\x1b' && rest.next_if_eq(&'\\').is_some()) {
                    return;
                }
            }
        }
        // The selection of a character set has one more byte.
        Some('(' | ')') => drop(rest.next()),
        _ => {}
    }
}

impl Pen {
    /// Applies an SGR sequence with these parameters.
    fn apply(&mut self, parameters: &str) {
        let mut words = parameters.split(';');
        while let Some(word) = words.next() {
            match word {
                "" | "0" => *self = Self::default(),
                "22" => self.faint = false,
                "2" => self.faint = true,
                "7" => self.inverse = true,
                "27" => self.inverse = false,
                "39" => self.foreground.clear(),
                "49" => self.background.clear(),
                "38" | "48" | "58" => {
                    let color = match words.next() {
                        Some("5") => format!("{word};5;{}", words.next().unwrap_or_default()),
                        Some("2") => format!("{word};2;{}", words.by_ref().take(3).collect::<Vec<_>>().join(";")),
                        _ => String::new(),
                    };
                    match word {
                        "38" => self.foreground = color,
                        "48" => self.background = color,
                        _ => {}
                    }
                }
                _ => match word.parse::<u8>() {
                    Ok(30..=37 | 90..=97) => word.clone_into(&mut self.foreground),
                    Ok(40..=47 | 100..=107) => word.clone_into(&mut self.background),
                    _ => {}
                },
            }
        }
    }
}

/// Returns the text without the characters that terminals show differently: blanks (lines are wrapped, tabs expanded),
/// combining marks and emoji (terminals disagree on their widths, and join or drop them). Accents are composed first, as some
/// programs do.
#[must_use]
pub fn squeezed(text: &str) -> String {
    text.nfc().filter(|character| character.is_ascii_graphic() || character.is_alphanumeric()).collect()
}

/// Returns only the letters and digits of the text, which remain when its Markdown is rendered.
#[must_use]
pub fn letters(text: &str) -> String {
    text.nfc().filter(|character| character.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::{StyledLine, letters, squeezed};

    #[test]
    fn escape_sequences_are_removed_and_faint_text_is_blanked() {
        let table = [
            ("plain  ", "plain", "plain"),
            ("\x1b[1m›\x1b[0m\x1b[39m \x1b[2mAsk anything\x1b[0m", "› Ask anything", "›"),
            ("\x1b[38;5;2mgreen\x1b[39m", "green", "green"),
            ("\x1b[38;2;2;2;2mgrey", "grey", "grey"),
            ("\x1b[0;2mx\x1b[22my", "xy", " y"),
            ("\x1b]8;;http://h\x1b\\link\x1b]8;;\x1b\\ after", "link after", "link after"),
            ("\x1b(0q\x1b(B", "q", "q"),
            ("a\x1b[7m \x1b[0m", "a", "a"),
            ("cut \x1b[3", "cut", "cut"),
        ];
        for (line, text, firm) in table {
            let read = StyledLine::parse(line);
            assert_eq!((read.text.as_str(), read.firm.as_str()), (text, firm), "{line:?}");
        }
    }

    #[test]
    fn colors_and_backgrounds_are_read() {
        let table = [
            ("a \x1b[38;5;174mb\x1b[39mc", "a  c"),
            ("\x1b[31mx\x1b[0my\x1b[2mz", " y"),
            ("\x1b[48;5;16mon\x1b[49m", "on"),
            ("\x1b[58;5;31mline", "line"),
        ];
        for (line, plain) in table {
            assert_eq!(StyledLine::parse(line).plain, plain, "{line:?}");
        }
        let panel = StyledLine::parse("  \x1b[48;5;233m  a \x1b[1m\x1b[0m\x1b[48;5;233mb\x1b[48;5;0m");
        assert_eq!((panel.panel_at(4), panel.panel_at(1), panel.panel_at(7)), (Some((2, 7)), None, None));
        assert_eq!(StyledLine::parse("\x1b[44mwhole").panel_at(2), None);
        assert_eq!(StyledLine::parse("none").panel_at(2), None);
    }

    #[test]
    fn a_color_continues_in_the_next_line() {
        let lines = StyledLine::parse_all("a\x1b[31mb\nc\n\x1b[39md\x1b[2me\nf\x1b[0mg".lines());
        let read: Vec<_> = lines.iter().map(|line| (line.plain.as_str(), line.firm.as_str())).collect();
        assert_eq!(read, [("a", "ab"), ("", "c"), ("d", "d"), (" g", " g")]);
    }

    #[test]
    fn hints_are_left_out_by_their_color_and_a_drawn_cursor_is_known() {
        let line = StyledLine::parse("a \x1b[38;5;103mb c\x1b[39m d\x1b[7me\x1b[27mf");
        let hints = ["38;5;103".to_owned()];
        assert_eq!((&*line.firm_without(&hints), &*line.firm_without(&[])), ("a     def", "a b c def"));
        assert_eq!(line.inverse, [7]);
        let table = [("31", "\x1b[31mx"), ("38;2;1;2;3", "\x1b[38;2;1;2;3mx"), ("97", "\x1b[1;97mx")];
        for (color, text) in table {
            assert_eq!(StyledLine::parse(text).firm_without(&[color.to_owned()]), "", "{text:?}");
            assert_eq!(StyledLine::parse(text).firm_without(&hints), "x", "{text:?}");
        }
    }

    #[test]
    fn characters_that_terminals_draw_differently_are_left_out() {
        assert_eq!(squeezed("  a\tb\u{a0}— e\u{301} 👩‍🚀 *x* 漢字\n"), "ab\u{e9}*x*漢字");
        assert_eq!(letters("**bold** [x](y) 1."), "boldxy1");
    }
}
