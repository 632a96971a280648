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
        /// A line somewhere beneath the `below` line. Without it, the frame is that of a past turn.
        #[serde(default)]
        beneath: Option<Pattern>,
        /// The text that the program shows in an empty composer. It is not needed if the program draws it faintly or in
        /// one of the `hints` colors; its first character may be under the cursor.
        #[serde(default)]
        placeholder: Option<Pattern>,
        /// The colors of what the program itself suggests in the composer, as SGR parameters, such as `38;5;103`. Faint
        /// text is always a suggestion.
        #[serde(default)]
        hints: Vec<String>,
        /// The line that says that more text is above: in the place of the `above` line, or the first line.
        #[serde(default)]
        scrolled: Option<Pattern>,
        /// The largest number of lines shown. Of a longer text the last ones are shown, without a mark.
        #[serde(default)]
        tallest: Option<Tallest>,
    },
    /// The line of the cursor, behind a prompt, as in a shell or a REPL. Each line of a message is entered separately.
    Line {
        /// The whole line while nothing is typed.
        prompt: Pattern,
        /// The line above the first line of a text, if the program takes texts of several lines. Every line of such a text
        /// begins like an empty prompt.
        #[serde(default)]
        above: Option<Pattern>,
        /// A further line of a text of several lines; the first group is the text.
        #[serde(default)]
        next: Option<Pattern>,
    },
}

/// The largest number of lines that a composer shows.
#[derive(Clone, Copy, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Tallest {
    /// That many, whatever the height of the pane.
    Lines(usize),
    /// A part of the pane's height, rounded down.
    OfPane {
        /// The part of the height, in percent.
        percent: usize,
        /// What is subtracted from it.
        #[serde(default)]
        less: usize,
        /// The number of lines in a pane that is lower.
        #[serde(default)]
        at_least: usize,
    },
}

impl Tallest {
    /// Returns the number of lines in a pane of that height.
    fn in_pane(self, rows: usize) -> usize {
        match self {
            Self::Lines(lines) => lines,
            Self::OfPane { percent, less, at_least } => (rows * percent / 100).saturating_sub(less).max(at_least),
        }
    }
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
            ComposerForm::Line { prompt, above, next } => {
                let found = match (above, next) {
                    (Some(above), Some(next)) => lines_below(screen, above, next),
                    _ => cursor_line(screen, above.as_ref()),
                };
                Vec::from_iter(found.map(|(begin, text)| {
                    let is_empty = prompt.matches(&text);
                    Self { text, is_cut: false, is_empty, begin, end: screen.cursor_line + 1 }
                }))
            }
        }
    }
}

fn find_boxes(form: &ComposerForm, screen: &Screen) -> Option<Vec<Composer>> {
    let ComposerForm::Box { above, first, below, beneath, scrolled, .. } = form else { return None };
    let lines = &screen.lines;
    let last = lines.iter().rposition(|line| !line.text.is_empty())? + 1;
    let visible = screen.history..last;
    let has_beneath = |border: usize| {
        let is_there = |pattern: &Pattern| (border + 1..last).any(|at| pattern.matching(lines, at).is_some());
        beneath.as_ref().is_none_or(is_there)
    };
    let Some(above) = above else {
        let begin = visible.rev().find(|at| first.matches(&lines[*at].text))?;
        let end = (begin + 1..last).find(|at| is_border(below.as_ref(), &lines[*at])).unwrap_or(last);
        return Some(Vec::from_iter(read_box(form, screen, begin, end).filter(|_| has_beneath(end))));
    };
    let mut end = match below {
        Some(_) => visible.rev().find(|at| is_border(below.as_ref(), &lines[*at]) && has_beneath(*at))?,
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
    let ComposerForm::Box { first, next, placeholder, hints, scrolled, tallest, .. } = form else { return None };
    let lines = &screen.lines;
    let is_scrolled = |line: &StyledLine| is_border(scrolled.as_ref(), line);
    let is_scrolled = is_scrolled(lines.get(begin)?) || (begin > 0 && is_scrolled(&lines[begin - 1]));
    let mut text = Vec::new();
    for (nth, line) in lines.get(begin..end)?.iter().enumerate() {
        // The first line of the text is not shown if there is more above.
        let pattern = if nth == 0 && !is_scrolled { first } else { next.as_ref().unwrap_or(first) };
        let pattern = if is_scrolled && nth == 0 && !pattern.matches(&line.text) { first } else { pattern };
        // The frame may be faint itself; only faint text within it is a suggestion.
        let within = pattern.first_group(&line.text)?;
        let kept = line.firm_without(hints);
        let typed = pattern.first_group(&kept).unwrap_or_default();
        text.push(if kept == line.text { within } else { typed }.trim_end().to_owned());
    }
    if text.is_empty() {
        return None;
    }
    let rows = screen.visible().len();
    let is_cut = is_scrolled || tallest.is_some_and(|tallest| text.len() >= tallest.in_pane(rows));
    let text = text.join("\n").trim_matches('\n').to_owned();
    let shown: Vec<&str> = lines[begin..end].iter().map(|line| line.text.as_str()).collect();
    let hint = shown.join("\n");
    let is_empty = text.trim().is_empty()
        || is_hint_below_cursor(&text, first, screen, begin)
        || placeholder.as_ref().is_some_and(|placeholder| placeholder.matches(&hint));
    let text = if is_empty { String::new() } else { text };
    Some(Composer { text, is_cut, is_empty, begin, end })
}

/// Returns whether the only character that is not a suggestion is the first one, and the cursor is on it: programs draw the
/// cursor over the first character of a suggestion.
fn is_hint_below_cursor(typed: &str, first: &Pattern, screen: &Screen, begin: usize) -> bool {
    let line = &screen.lines[begin];
    if typed.trim_end().chars().count() != 1 {
        return false;
    }
    let found = first.captures(&line.text).and_then(|found| found.get(1));
    let Some(within) = found.filter(|within| within.as_str().trim_end().chars().count() > 1) else { return false };
    let before = &line.text[..within.start()];
    let is_drawn = line.inverse.first() == Some(&before.chars().count());
    let is_terminals = screen.cursor_line == begin && screen.cursor_column == before.width();
    within.as_str().starts_with(typed.trim_end()) && (is_drawn || is_terminals)
}

/// Returns the largest number of columns that a text takes: terminals disagree on which characters join into one.
fn columns(text: &str) -> usize {
    text.width().max(text.chars().filter_map(UnicodeWidthChar::width).sum())
}

/// Returns the line up to the cursor, joined where it is wrapped, and the index of its first row. A line that matches `above`
/// is as wide as the pane and does not continue.
pub(crate) fn cursor_line(screen: &Screen, above: Option<&Pattern>) -> Option<(usize, String)> {
    let at = screen.cursor_line;
    let last = screen.lines.iter().rposition(|line| !line.text.is_empty()).unwrap_or(0);
    // A program that draws below its cursor does not show a simple prompt.
    if last > at || at >= screen.lines.len() {
        return None;
    }
    let (begin, mut text) = wrapped_line(screen, at, above);
    // Trailing blanks, such as the one of a prompt, are not captured.
    let missing = screen.cursor_column.saturating_sub(screen.lines[at].text.width());
    text.extend(std::iter::repeat_n(' ', missing));
    Some((begin, text))
}

/// Returns the line whose last row this is, joined where it is wrapped, and the index of its first row.
fn wrapped_line(screen: &Screen, at: usize, above: Option<&Pattern>) -> (usize, String) {
    let mut begin = at;
    // A wide character may leave the last column empty.
    let continues = |line: &StyledLine| {
        columns(&line.text) + 1 >= screen.width && !above.is_some_and(|above| above.matches(&line.text))
    };
    while begin > 0 && continues(&screen.lines[begin - 1]) {
        begin -= 1;
    }
    (begin, screen.lines[begin..=at].iter().map(|line| line.text.as_str()).collect())
}

/// Returns the text of several lines that ends at the cursor and begins below a line that matches `above`, and the index of
/// its first row.
fn lines_below(screen: &Screen, above: &Pattern, next: &Pattern) -> Option<(usize, String)> {
    let (mut begin, last) = cursor_line(screen, Some(above))?;
    let mut parts = Vec::from([last]);
    let is_first = |begin: usize| begin.checked_sub(1).is_some_and(|at| above.matches(&screen.lines[at].text));
    while !is_first(begin) {
        // Without a line above, or with another one, it is the output of the program.
        let end = begin.checked_sub(1).filter(|end| *end >= screen.history)?;
        let (row, text) = wrapped_line(screen, end, Some(above));
        next.first_group(&text)?;
        parts.push(text);
        begin = row;
    }
    let (first, others) = parts.split_last()?;
    let others = others.iter().rev().map(|line| next.first_group(line));
    let mut text = first.clone();
    for line in others {
        text.push('\n');
        text.push_str(line?);
    }
    Some((begin, text))
}
