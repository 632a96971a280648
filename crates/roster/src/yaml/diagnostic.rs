//! Error messages with a position, and the snippet of the text that they show.

use std::fmt::{self, Write};
use std::ops::Range;

use super::tree::BYTE_ORDER_MARK;
use crate::did_you_mean::closest;

/// The maximum width of the part of a line that a snippet shows, in characters.
const MAX_WIDTH: usize = 100;

/// A range of the text to underline, with an optional note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) span: Range<usize>,
    pub(crate) note: &'static str,
}

/// An error in a text. It is created where a value is validated, and gets its position in the deserializer.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    pub(super) kind: Box<DiagnosticKind>,
    /// The ranges to underline. The first is the position of the error.
    pub(super) labels: Vec<Label>,
    /// The subject of the message: the key whose value is wrong.
    pub(super) subject: Option<String>,
    /// The kind of mapping that contains the key.
    pub(super) container: Option<&'static str>,
    pub(super) help: Option<String>,
}

/// The kinds of errors that `serde` distinguishes.
#[derive(Debug)]
pub(super) enum DiagnosticKind {
    Message(String),
    /// A value of the wrong type. `found` is filled in by the deserializer, which knows the node.
    Unexpected {
        expected: String,
        found: Option<String>,
    },
    UnknownKey {
        given: String,
        known: &'static [&'static str],
    },
    MissingKey(&'static str),
}

impl Diagnostic {
    /// A diagnostic with a message of its own.
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self::from_kind(DiagnosticKind::Message(problem.into()))
    }

    pub(super) fn from_kind(kind: DiagnosticKind) -> Self {
        Self { kind: Box::new(kind), labels: Vec::new(), subject: None, container: None, help: None }
    }

    /// Sets the position, unless there is one already.
    pub(crate) fn at(mut self, span: Range<usize>) -> Self {
        if self.labels.is_empty() {
            self.labels.push(Label { span, note: "" });
        }
        self
    }

    /// Adds a further range to underline.
    pub(crate) fn with_label(mut self, span: Range<usize>, note: &'static str) -> Self {
        self.labels.push(Label { span, note });
        self
    }

    /// Sets what was expected or what to do, unless that is set already.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.get_or_insert(help.into());
        self
    }

    /// The ranges to underline, the position of the error first.
    pub(crate) fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The error in one line.
    pub(crate) fn problem(&self) -> String {
        let subject = self.subject.as_deref().unwrap_or("the document");
        match &*self.kind {
            DiagnosticKind::Message(message) => match &self.subject {
                Some(subject) => format!("{subject}: {message}"),
                None => message.clone(),
            },
            DiagnosticKind::Unexpected { found: Some(found), .. } if found == "nothing" => {
                format!("{subject} has no value")
            }
            DiagnosticKind::Unexpected { expected, found } => {
                format!("{subject} must be {expected}, not {}", found.as_deref().unwrap_or("another value"))
            }
            DiagnosticKind::UnknownKey { given, .. } => {
                format!("unknown key `{}` {}", given.escape_debug(), self.in_container())
            }
            DiagnosticKind::MissingKey(key) => format!("missing key `{key}` {}", self.in_container()),
        }
    }

    /// The missing key, if that is the error.
    pub(crate) fn missing_key(&self) -> Option<&'static str> {
        match *self.kind {
            DiagnosticKind::MissingKey(key) => Some(key),
            _ => None,
        }
    }

    /// What was expected and what to do.
    pub(crate) fn help(&self) -> Option<String> {
        let DiagnosticKind::UnknownKey { given, known } = &*self.kind else { return self.help.clone() };
        let similar = closest(given, known.iter().copied());
        let similar = similar.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default();
        Some(format!("expected one of: {}{similar}", known.join(", ")))
    }

    fn in_container(&self) -> String {
        match self.container {
            Some("roster") => "at the top level".to_owned(),
            Some("agent") => "in an agent".to_owned(),
            Some("runtime") => "in a runtime".to_owned(),
            Some(section) => format!("in `{section}`"),
            None => String::new(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem())
    }
}

impl std::error::Error for Diagnostic {}

impl serde::de::Error for Diagnostic {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(_: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::from_kind(DiagnosticKind::Unexpected { expected: describe_type(&expected.to_string()), found: None })
    }

    fn invalid_value(unexpected: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_field(given: &str, known: &'static [&'static str]) -> Self {
        Self::from_kind(DiagnosticKind::UnknownKey { given: given.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::from_kind(DiagnosticKind::MissingKey(key))
    }
}

/// Translates `serde`'s name of a type.
fn describe_type(expected: &str) -> String {
    match expected {
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "u64" => "a whole number",
        other if other.starts_with("struct ") || other == "a map" => "a mapping of keys to values",
        other => other,
    }
    .to_owned()
}

/// The line (from 0) that contains a byte offset, and the offset at which that line begins.
fn line_of(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count() - 1;
    let bom = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    (line, before.iter().rposition(|byte| *byte == b'\n').map_or(bom.min(at), |newline| newline + 1))
}

/// The line and column of a byte offset, both from 1. The column counts characters.
pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let (line, start) = line_of(text, at);
    let column = text.get(start..at.min(text.len())).map_or(0, |before| before.chars().count());
    (line + 1, column + 1)
}

/// The labeled lines in the order of the text, with the first label underlined by `^` and the others by `-`.
pub(crate) fn snippet(text: &str, labels: &[Label]) -> String {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|index| labels[*index].span.start);
    let last = order.last().map_or(1, |index| line_and_column(text, labels[*index].span.start).0);
    let width = last.to_string().len();
    let mut out = format!("{:width$} |", "");
    let mut shown: Option<usize> = None;
    for index in order {
        let label = &labels[index];
        let (line, start) = line_of(text, label.span.start);
        if shown.is_some_and(|shown| shown + 1 < line) {
            out.push_str("\n...");
        }
        let content = text[start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let from = label.span.start.min(text.len()) - start;
        let to = label.span.end.clamp(start + from, start + content.len().max(from)) - start;
        let (window, column, length) = window(content, from, to);
        if shown != Some(line) {
            let _ = write!(out, "\n{:>width$} | {}", line + 1, window);
        }
        let sign = if index == 0 { "^" } else { "-" };
        let underline = format!("{:width$} | {}{} {}", "", " ".repeat(column), sign.repeat(length.max(1)), label.note);
        let _ = write!(out, "\n{}", underline.trim_end());
        shown = Some(line);
    }
    out
}

/// The shown part of a line, with the start and length of the label in it, in characters.
fn window(content: &str, from: usize, to: usize) -> (String, usize, usize) {
    let from = content.get(..from).map_or_else(|| content.chars().count(), |before| before.chars().count());
    let to = content.get(..to).map_or(from, |before| before.chars().count());
    let skip = if content.chars().count() <= MAX_WIDTH || from < MAX_WIDTH / 2 { 0 } else { from - MAX_WIDTH / 2 };
    let plain = |character: char| if character.is_control() { ' ' } else { character };
    let mut window: String = content.chars().skip(skip).take(MAX_WIDTH).map(plain).collect();
    if content.chars().count() > skip + MAX_WIDTH {
        window.push('…');
    }
    let end = to.min(skip + MAX_WIDTH);
    (window.trim_end().to_owned(), from - skip, end.saturating_sub(from))
}
