//! Where lines begin and end, and which of them belong to an agent.

use std::ops::Range;

use crate::yaml::Node;

/// The line end that a text uses.
pub(super) fn line_end(text: &str) -> &'static str {
    let first = text.find('\n').unwrap_or_default();
    if text[..first].ends_with('\r') { "\r\n" } else { "\n" }
}

/// Where the line of this byte begins.
pub(super) fn start_of_line(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the line after that of this byte begins, or the text's end.
pub(super) fn start_of_next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// How far a line is indented.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn line_at(text: &str, start: usize) -> &str {
    &text[start..start_of_next_line(text, start)]
}

/// The start of the line above the one that starts here.
fn line_above(text: &str, start: usize) -> Option<usize> {
    (start > 0).then(|| start_of_line(text, start - 1))
}

/// Where the line with an item's `-` begins; `None` when it shares that line with something else.
pub(super) fn dash_line(text: &str, item: &Node) -> Option<usize> {
    let mut start = start_of_line(text, item.span.start);
    loop {
        let line = line_at(text, start).trim();
        if line == "-" || line.starts_with("- ") || line.starts_with("-\t") {
            return Some(start);
        }
        // A dash on a line of its own, with comments between.
        let first = start == start_of_line(text, item.span.start);
        if !first && !line.is_empty() && !is_comment(line) {
            return None;
        }
        start = line_above(text, start)?;
    }
}

/// Where an item ends: behind its last line, and the comments below that are indented as its keys are.
pub(super) fn end_of_item(text: &str, item: &Node, dash: usize) -> usize {
    let column = indent(line_at(text, dash));
    let mut end = start_of_next_line(text, item.end(text));
    while end < text.len() {
        let line = line_at(text, end);
        if !is_comment(line) || indent(line) <= column {
            break;
        }
        end = start_of_next_line(text, end);
    }
    end
}

/// The lines of an item: with the comments directly above it, which are not indented as the keys of the one before.
pub(super) fn lines_of_item(text: &str, item: &Node) -> Option<Range<usize>> {
    let dash = dash_line(text, item)?;
    Some(with_comments_above(text, dash)..end_of_item(text, item, dash))
}

/// The start of this line, or of the comments directly above it.
pub(super) fn with_comments_above(text: &str, start: usize) -> usize {
    let column = indent(line_at(text, start));
    let mut first = start;
    while let Some(above) = line_above(text, first) {
        let line = line_at(text, above);
        if !is_comment(line) || indent(line) > column {
            break;
        }
        first = above;
    }
    first
}
