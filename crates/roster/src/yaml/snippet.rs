//! The lines that a message is about.

use std::fmt::Write;

use super::{BYTE_ORDER_MARK, Mark};

/// The widest part of a line that is shown.
const WIDEST: usize = 100;

/// The line (from 0) of a byte of the text, and where that line begins.
fn line_of(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count() - 1;
    let mark = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    (line, before.iter().rposition(|byte| *byte == b'\n').map_or(mark.min(at), |newline| newline + 1))
}

/// Line and column, both from 1, of a byte of the text; the column counts characters.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let (line, start) = line_of(text, at);
    let column = text.get(start..at.min(text.len())).map_or(0, |before| before.chars().count());
    (line + 1, column + 1)
}

/// The lines of these marks in the text's order, each mark underlined: the first of `marks` by `^`, others by `-`.
pub(crate) fn snippet(text: &str, marks: &[Mark]) -> String {
    let mut order: Vec<usize> = (0..marks.len()).collect();
    order.sort_by_key(|index| marks[*index].span.start);
    let last = order.last().map_or(1, |index| place(text, marks[*index].span.start).0);
    let width = last.to_string().len();
    let mut out = format!("{:width$} |", "");
    let mut shown: Option<usize> = None;
    for index in order {
        let mark = &marks[index];
        let (line, start) = line_of(text, mark.span.start);
        if shown.is_some_and(|shown| shown + 1 < line) {
            out.push_str("\n...");
        }
        let content = text[start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let from = mark.span.start.min(text.len()) - start;
        let to = mark.span.end.clamp(start + from, start + content.len().max(from)) - start;
        let (window, column, length) = window(content, from, to);
        if shown != Some(line) {
            let _ = write!(out, "\n{:>width$} | {}", line + 1, window);
        }
        let sign = if index == 0 { "^" } else { "-" };
        let underline = format!("{:width$} | {}{} {}", "", " ".repeat(column), sign.repeat(length.max(1)), mark.label);
        let _ = write!(out, "\n{}", underline.trim_end());
        shown = Some(line);
    }
    out
}

/// What is shown of a line, and where in it the mark begins and how long it is, in characters.
fn window(content: &str, from: usize, to: usize) -> (String, usize, usize) {
    let from = content.get(..from).map_or_else(|| content.chars().count(), |before| before.chars().count());
    let to = content.get(..to).map_or(from, |before| before.chars().count());
    let skip = if content.chars().count() <= WIDEST || from < WIDEST / 2 { 0 } else { from - WIDEST / 2 };
    let plain = |character: char| if character.is_control() { ' ' } else { character };
    let mut window: String = content.chars().skip(skip).take(WIDEST).map(plain).collect();
    if content.chars().count() > skip + WIDEST {
        window.push('…');
    }
    let end = to.min(skip + WIDEST);
    (window.trim_end().to_owned(), from - skip, end.saturating_sub(from))
}
