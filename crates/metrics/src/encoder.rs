//! Writes families and their samples as text. Whatever is written, it is a valid line.

use crate::Format;
use crate::family::{Family, Kind};
use crate::number::Number;

/// Writes an exposition, family by family.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    out: &'a mut String,
    format: Format,
}

/// Writes the samples of one family. Its head comes with the first of them, so that a family without any leaves nothing.
#[derive(Debug)]
pub(crate) struct Samples<'a> {
    out: &'a mut String,
    format: Format,
    family: &'static Family,
    begun: bool,
}

/// Writes one sample, which is whole when it has its value.
#[derive(Debug)]
#[must_use = "a sample without a value is no line"]
pub(crate) struct Line<'a> {
    out: &'a mut String,
    labelled: bool,
}

impl<'a> Encoder<'a> {
    /// Appends to a text.
    pub(crate) fn new(out: &'a mut String, format: Format) -> Self {
        Self { out, format }
    }

    /// Begins a family. All its samples are written before the next family begins: the formats want it.
    pub(crate) fn family(&mut self, family: &'static Family) -> Samples<'_> {
        Samples { out: self.out, format: self.format, family, begun: false }
    }

    /// Ends the exposition.
    pub(crate) fn end(self) {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
    }
}

impl Samples<'_> {
    /// Begins a sample.
    pub(crate) fn line(&mut self) -> Line<'_> {
        if !self.begun {
            self.begun = true;
            self.head();
        }
        self.out.push_str(self.family.name);
        Line { out: self.out, labelled: false }
    }

    /// A sample without labels, if there is a value.
    pub(crate) fn only(&mut self, value: Option<impl Number>) {
        if let Some(value) = value {
            self.line().value(value);
        }
    }

    fn head(&mut self) {
        let Family { name, kind, help, .. } = *self.family;
        let (name, kind) = match (self.format, kind) {
            (Format::OpenMetrics, Kind::Info) => (self.family.open_metrics_name(), "info"),
            (Format::OpenMetrics, Kind::Counter) => (self.family.open_metrics_name(), "counter"),
            (Format::Text, Kind::Counter) => (name, "counter"),
            (_, Kind::Gauge | Kind::Info) => (name, "gauge"),
        };
        push_all(self.out, &["# HELP ", name, " "]);
        escape(self.out, help, self.format == Format::OpenMetrics);
        push_all(self.out, &["\n# TYPE ", name, " ", kind, "\n"]);
        if let (Format::OpenMetrics, Some(unit)) = (self.format, self.family.unit()) {
            push_all(self.out, &["# UNIT ", name, " ", unit, "\n"]);
        }
    }
}

impl Line<'_> {
    /// A label, with whatever value.
    pub(crate) fn label(mut self, name: &'static str, value: &str) -> Self {
        self.separate();
        push_all(self.out, &[name, "=\""]);
        escape(self.out, value, true);
        self.out.push('"');
        self
    }

    /// Labels that were [rendered](rendered_label) before.
    #[inline]
    pub(crate) fn rendered(mut self, labels: &str) -> Self {
        self.separate();
        self.out.push_str(labels);
        self
    }

    /// A label whose value is one of our own words, in which there is nothing to escape.
    #[inline]
    pub(crate) fn word(mut self, name: &'static str, word: &'static str) -> Self {
        self.separate();
        push_all(self.out, &[name, "=\"", word, "\""]);
        self
    }

    /// The value, which ends the line.
    #[inline]
    pub(crate) fn value(self, value: impl Number) {
        self.out.push_str(if self.labelled { "} " } else { " " });
        value.append_to(self.out);
        self.out.push('\n');
    }

    #[inline]
    fn separate(&mut self) {
        self.out.push(if self.labelled { ',' } else { '{' });
        self.labelled = true;
    }
}

/// A label as [`Line::rendered`] takes it, for one that many lines have.
pub(crate) fn rendered_label(name: &'static str, value: &str) -> String {
    let mut out = String::with_capacity(name.len() + value.len() + 3);
    push_all(&mut out, &[name, "=\""]);
    escape(&mut out, value, true);
    out.push('"');
    out
}

#[inline]
fn push_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

/// A text in which a backslash, a line feed and, where it ends the text, a quote mean something.
fn escape(out: &mut String, text: &str, quotes: bool) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            other => out.push(other),
        }
    }
}
