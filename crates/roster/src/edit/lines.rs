//! Byte offsets of lines, and the lines that belong to a list item.

use std::ops::Range;

use crate::yaml::Node;

/// The line end of a text: `\r\n` if its first line ends with it, else `\n`.
pub(super) fn line_end(text: &str) -> &'static str {
    let first = text.find('\n').unwrap_or_default();
    if text[..first].ends_with('\r') { "\r\n" } else { "\n" }
}

/// The beginning of the line that contains the offset.
pub(super) fn start_of_line(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The beginning of the next line after the offset, or the end of the text.
pub(super) fn start_of_next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// The number of spaces at the beginning of a line.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn line_at(text: &str, start: usize) -> &str {
    &text[start..start_of_next_line(text, start)]
}

/// The beginning of the line above the one that begins at `start`.
fn line_above(text: &str, start: usize) -> Option<usize> {
    (start > 0).then(|| start_of_line(text, start - 1))
}

/// The beginning of the line with the `-` of an item; `None` if another value is on that line.
pub(super) fn dash_line(text: &str, item: &Node) -> Option<usize> {
    let mut start = start_of_line(text, item.span.start);
    loop {
        let line = line_at(text, start).trim();
        if line == "-" || line.starts_with("- ") || line.starts_with("-\t") {
            return Some(start);
        }
        // The dash can be on a line of its own, with comments below.
        let first = start == start_of_line(text, item.span.start);
        if !first && !line.is_empty() && !is_comment(line) {
            return None;
        }
        start = line_above(text, start)?;
    }
}

/// The end of an item: after its last line and the comments below that are indented deeper than the dash.
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

/// The lines of an item, including the comments directly above it. A comment that is indented deeper than the dash
/// belongs to the item before.
pub(super) fn lines_of_item(text: &str, item: &Node) -> Option<Range<usize>> {
    let dash = dash_line(text, item)?;
    Some(with_comments_above(text, dash)..end_of_item(text, item, dash))
}

/// The beginning of this line, or of the comments directly above it.
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
