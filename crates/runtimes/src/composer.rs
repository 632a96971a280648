//! The composer of a program, found on its screen.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::profile::{ComposerForm, Pattern};
use crate::screen::{Screen, StyledLine};

/// The text that stands in a composer, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composer {
    /// Its text, wrapped as on the screen; blank lines at its ends are left out.
    pub text: String,
    /// There is more text than is shown.
    pub is_cut: bool,
    /// Nothing was typed: it is empty, or shows only what the program says of that.
    pub is_empty: bool,
    /// The line of the screen in which it begins.
    pub begin: usize,
    /// The line behind its last one.
    pub end: usize,
}

impl Composer {
    /// Finds it; `None` if there is none on the screen.
    #[must_use]
    pub fn find(form: &ComposerForm, screen: &Screen) -> Option<Self> {
        Self::candidates(form, screen).into_iter().next()
    }

    /// The one that it is most likely, and then those that it is if a line of its text looks like the one
    /// above it.
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
        let end = (begin + 1..last).find(|at| is_frame(below.as_ref(), &lines[*at])).unwrap_or(last);
        return Some(Vec::from_iter(read_box(form, screen, begin, end)));
    };
    let mut end = match below {
        Some(_) => visible.rev().find(|at| is_frame(below.as_ref(), &lines[*at]))?,
        None => last,
    };
    // Of several with nothing between them the lower ones are what such a program has left of older frames.
    while below.is_some() && end > screen.history && is_frame(below.as_ref(), &lines[end - 1]) {
        end -= 1;
    }
    let is_border = |at: &usize| is_frame(Some(above), &lines[*at]) || is_frame(scrolled.as_ref(), &lines[*at]);
    let borders = (screen.history..end).rev().filter(is_border);
    Some(borders.map_while(|border| read_box(form, screen, border + 1, end)).collect())
}

/// Is it such a line? A program that takes a sign for narrower than the terminal does writes a line too
/// long, and what it draws below is then moved to the right.
fn is_frame(pattern: Option<&Pattern>, line: &StyledLine) -> bool {
    pattern.is_some_and(|pattern| pattern.matches(&line.text) || pattern.matches(line.text.trim_start()))
}

/// The composer between these lines, if it is one.
fn read_box(form: &ComposerForm, screen: &Screen, begin: usize, end: usize) -> Option<Composer> {
    let ComposerForm::Box { first, next, placeholder, scrolled, tallest, .. } = form else { return None };
    let lines = &screen.lines;
    let is_scrolled = |line: &StyledLine| is_frame(scrolled.as_ref(), line);
    let is_cut = is_scrolled(lines.get(begin)?) || (begin > 0 && is_scrolled(&lines[begin - 1]));
    let mut text = Vec::new();
    for (nth, line) in lines.get(begin..end)?.iter().enumerate() {
        let pattern = if nth == 0 { first } else { next.as_ref().unwrap_or(first) };
        // Its frame may be faint; a hint is only what is faint within.
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
    let is_empty = text.trim().is_empty() || placeholder.as_ref().is_some_and(|hint_of| hint_of.matches(&hint));
    Some(Composer { text, is_cut, is_empty, begin, end })
}

/// How many columns a text takes, at the most: terminals differ on what joins into one sign.
fn columns(text: &str) -> usize {
    text.width().max(text.chars().filter_map(UnicodeWidthChar::width).sum())
}

/// The line that the cursor stands in, to the cursor, put together again where it is wrapped.
fn cursor_line(screen: &Screen) -> Option<(usize, String)> {
    let at = screen.cursor_line;
    let last = screen.lines.iter().rposition(|line| !line.text.is_empty()).unwrap_or(0);
    // A program that draws below its cursor has no simple prompt.
    if last > at || at >= screen.lines.len() {
        return None;
    }
    let mut begin = at;
    // A wide character may leave the last column free.
    while begin > 0 && columns(&screen.lines[begin - 1].text) + 1 >= screen.width {
        begin -= 1;
    }
    let mut text: String = screen.lines[begin..at].iter().map(|line| line.text.as_str()).collect();
    let line = &screen.lines[at].text;
    text.push_str(line);
    // Blanks at the end, as that of a prompt, were not captured.
    let missing = screen.cursor_column.saturating_sub(line.width());
    text.extend(std::iter::repeat_n(' ', missing));
    Some((begin, text))
}
