//! The composer: the part of a program's screen where a message is written before it is submitted.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::{Pattern, Screen, StyledLine};

/// How a runtime's composer is recognized on the screen.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "a profile has one of it, and there are few profiles")]
pub enum ComposerForm {
    /// A part of the screen that the program draws.
    Box {
        /// The line above the composer. Without it, the composer begins at the lowest line that matches `first`.
        #[serde(default)]
        above: Option<Pattern>,
        /// The first line; its first group is the text.
        first: Pattern,
        /// The other lines; the first group is the text. The default is `first`.
        #[serde(default)]
        next: Option<Pattern>,
        /// The line below the composer. Without it, the composer extends to the last line that is not blank.
        #[serde(default)]
        below: Option<Pattern>,
        /// The text that the program shows in an empty composer.
        #[serde(default)]
        placeholder: Option<Pattern>,
        /// The line that says that more text is above: in the place of the `above` line, or the first line.
        #[serde(default)]
        scrolled: Option<Pattern>,
        /// The largest number of lines shown. Of a longer text the last ones are shown, without a mark.
        #[serde(default)]
        tallest: Option<usize>,
    },
    /// The line of the cursor, behind a prompt, as in a shell or a REPL. Each line of a message is entered separately.
    Line {
        /// The whole line while nothing is typed.
        prompt: Pattern,
    },
}

/// A composer that was found on a screen, with the text that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composer {
    /// The text, wrapped as on the screen, without blank lines at its beginning and end.
    pub text: String,
    /// Whether there is more text than is shown.
    pub is_cut: bool,
    /// Whether nothing is typed: there is no text, or only the placeholder.
    pub is_empty: bool,
    /// The index of the first line on the screen.
    pub begin: usize,
    /// The index of the line after the last.
    pub end: usize,
}

impl Composer {
    /// Returns the number of rows on the screen.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.end - self.begin
    }

    /// Finds the composer on a screen.
    #[must_use]
    pub fn find(form: &ComposerForm, screen: &Screen) -> Option<Self> {
        Self::candidates(form, screen).into_iter().next()
    }

    /// Finds all parts of the screen that can be the composer, the most likely first. There are several if a line of
    /// the typed text looks like the line above the composer.
    pub fn candidates(form: &ComposerForm, screen: &Screen) -> Vec<Self> {
        match form {
            ComposerForm::Box { .. } => find_boxes(form, screen).unwrap_or_default(),
            ComposerForm::Line { prompt } => Vec::from_iter(cursor_line(screen).map(|(begin, text)| {
                let is_empty = prompt.matches(&text);
                Self { text, is_cut: false, is_empty, begin, end: screen.cursor_line + 1 }
            })),
        }
    }
}

fn find_boxes(form: &ComposerForm, screen: &Screen) -> Option<Vec<Composer>> {
    let ComposerForm::Box { above, first, below, scrolled, .. } = form else { return None };
    let lines = &screen.lines;
    let last = lines.iter().rposition(|line| !line.text.is_empty())? + 1;
    let visible = screen.history..last;
    let Some(above) = above else {
        let begin = visible.rev().find(|at| first.matches(&lines[*at].text))?;
        let end = (begin + 1..last).find(|at| is_border(below.as_ref(), &lines[*at])).unwrap_or(last);
        return Some(Vec::from_iter(read_box(form, screen, begin, end)));
    };
    let mut end = match below {
        Some(_) => visible.rev().find(|at| is_border(below.as_ref(), &lines[*at]))?,
        None => last,
    };
    // If several bottom borders follow each other, the lower ones are left over from older frames.
    while below.is_some() && end > screen.history && is_border(below.as_ref(), &lines[end - 1]) {
        end -= 1;
    }
    let is_top = |at: &usize| is_border(Some(above), &lines[*at]) || is_border(scrolled.as_ref(), &lines[*at]);
    let borders = (screen.history..end).rev().filter(is_top);
    Some(borders.map_while(|border| read_box(form, screen, border + 1, end)).collect())
}

/// Returns whether the line is a border. A program that takes a character for narrower than the terminal does writes a
/// line that is too long, and then the lines below it are shifted to the right.
fn is_border(pattern: Option<&Pattern>, line: &StyledLine) -> bool {
    pattern.is_some_and(|pattern| pattern.matches(&line.text) || pattern.matches(line.text.trim_start()))
}

/// Reads the lines between the borders as a composer, if they have its form.
fn read_box(form: &ComposerForm, screen: &Screen, begin: usize, end: usize) -> Option<Composer> {
    let ComposerForm::Box { first, next, placeholder, scrolled, tallest, .. } = form else { return None };
    let lines = &screen.lines;
    let is_scrolled = |line: &StyledLine| is_border(scrolled.as_ref(), line);
    let is_cut = is_scrolled(lines.get(begin)?) || (begin > 0 && is_scrolled(&lines[begin - 1]));
    let mut text = Vec::new();
    for (nth, line) in lines.get(begin..end)?.iter().enumerate() {
        let pattern = if nth == 0 { first } else { next.as_ref().unwrap_or(first) };
        // The frame may be faint itself; only faint text within it is a suggestion.
        let within = pattern.first_group(&line.text)?;
        let typed = pattern.first_group(&line.firm).unwrap_or_default();
        text.push(if line.firm == line.text { within } else { typed }.trim_end().to_owned());
    }
    if text.is_empty() {
        return None;
    }
    let is_cut = is_cut || tallest.is_some_and(|tallest| text.len() >= tallest);
    let text = text.join("\n").trim_matches('\n').to_owned();
    let shown: Vec<&str> = lines[begin..end].iter().map(|line| line.text.as_str()).collect();
    let hint = shown.join("\n");
    let is_empty = text.trim().is_empty() || placeholder.as_ref().is_some_and(|placeholder| placeholder.matches(&hint));
    Some(Composer { text, is_cut, is_empty, begin, end })
}

/// Returns the largest number of columns that a text takes: terminals disagree on which characters join into one.
fn columns(text: &str) -> usize {
    text.width().max(text.chars().filter_map(UnicodeWidthChar::width).sum())
}

/// Returns the line up to the cursor, joined where it is wrapped, and the index of its first row.
fn cursor_line(screen: &Screen) -> Option<(usize, String)> {
    let at = screen.cursor_line;
    let last = screen.lines.iter().rposition(|line| !line.text.is_empty()).unwrap_or(0);
    // A program that draws below its cursor does not show a simple prompt.
    if last > at || at >= screen.lines.len() {
        return None;
    }
    let mut begin = at;
    // A wide character may leave the last column empty.
    while begin > 0 && columns(&screen.lines[begin - 1].text) + 1 >= screen.width {
        begin -= 1;
    }
    let mut text: String = screen.lines[begin..at].iter().map(|line| line.text.as_str()).collect();
    let line = &screen.lines[at].text;
    text.push_str(line);
    // Trailing blanks, such as the one of a prompt, are not captured.
    let missing = screen.cursor_column.saturating_sub(line.width());
    text.extend(std::iter::repeat_n(' ', missing));
    Some((begin, text))
}
