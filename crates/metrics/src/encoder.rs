//! Writes families and their samples as text. The output is valid whatever the label values are.

use crate::family::{Family, Kind};
use crate::format::Format;
use crate::sample_value::SampleValue;

/// Writes an exposition, one family after the other.
#[derive(Debug)]
pub struct Encoder<'a> {
    out: &'a mut String,
    format: Format,
    /// The labels of every sample, as [`ConstantLabels`](crate::ConstantLabels) renders them; empty without any.
    constant_labels: &'a str,
}

/// Writes the samples of one family. The first sample writes the head of the family, so a family without samples
/// leaves no trace.
#[derive(Debug)]
pub struct Samples<'a> {
    out: &'a mut String,
    format: Format,
    constant_labels: &'a str,
    family: &'static Family,
    has_head: bool,
}

/// Writes one sample: first its labels, then its value.
#[derive(Debug)]
#[must_use = "a sample without a value is not a valid line"]
pub struct SampleWriter<'a> {
    out: &'a mut String,
    has_labels: bool,
}

impl<'a> Encoder<'a> {
    /// Creates an encoder that appends to `out`.
    #[must_use]
    pub fn new(out: &'a mut String, format: Format) -> Self {
        Self { out, format, constant_labels: "" }
    }

    /// Adds labels to every sample.
    pub(crate) fn with_constant_labels(self, constant_labels: &'a str) -> Self {
        Self { constant_labels, ..self }
    }

    /// Begins a family. The formats require that its samples are contiguous.
    pub fn family(&mut self, family: &'static Family) -> Samples<'_> {
        let Self { format, constant_labels, .. } = *self;
        Samples { out: self.out, format, constant_labels, family, has_head: false }
    }

    /// Ends the exposition.
    pub fn finish(self) {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
    }
}

impl Samples<'_> {
    /// Begins a sample.
    pub fn sample(&mut self) -> SampleWriter<'_> {
        self.suffixed_sample("")
    }

    /// Begins a sample whose name has a suffix, as those of a histogram have: `_bucket`, `_sum` or `_count`.
    pub fn suffixed_sample(&mut self, suffix: &'static str) -> SampleWriter<'_> {
        if !self.has_head {
            self.has_head = true;
            self.write_head();
        }
        push_all(self.out, &[self.family.name, suffix]);
        let has_labels = !self.constant_labels.is_empty();
        if has_labels {
            push_all(self.out, &["{", self.constant_labels]);
        }
        SampleWriter { out: self.out, has_labels }
    }

    /// Writes the only sample of a family without labels, if its value is known.
    pub(crate) fn write(&mut self, value: Option<impl SampleValue>) {
        if let Some(value) = value {
            self.sample().value(value);
        }
    }

    fn write_head(&mut self) {
        let Family { name, kind, help, .. } = *self.family;
        let (name, kind) = match (self.format, kind) {
            (Format::OpenMetrics, Kind::Info) => (self.family.open_metrics_name(), "info"),
            (Format::OpenMetrics, Kind::Counter) => (self.family.open_metrics_name(), "counter"),
            (Format::Text, Kind::Counter) => (name, "counter"),
            (_, Kind::Gauge | Kind::Info) => (name, "gauge"),
            (_, Kind::Histogram) => (name, "histogram"),
        };
        push_all(self.out, &["# HELP ", name, " "]);
        escape(self.out, help, self.format == Format::OpenMetrics);
        push_all(self.out, &["\n# TYPE ", name, " ", kind, "\n"]);
        if let (Format::OpenMetrics, Some(unit)) = (self.format, self.family.unit()) {
            push_all(self.out, &["# UNIT ", name, " ", unit, "\n"]);
        }
    }
}

impl SampleWriter<'_> {
    /// Adds a label with any value.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.separate();
        push_all(self.out, &[name, "=\""]);
        escape(self.out, value, true);
        self.out.push('"');
        self
    }

    /// Adds a label that [`escaped_label`] has rendered.
    #[inline]
    pub(crate) fn escaped_label(mut self, label: &str) -> Self {
        self.separate();
        self.out.push_str(label);
        self
    }

    /// Adds a label with a constant value that needs no escapes.
    #[inline]
    pub(crate) fn constant_label(mut self, name: &'static str, value: &'static str) -> Self {
        self.separate();
        push_all(self.out, &[name, "=\"", value, "\""]);
        self
    }

    /// Writes the value, which ends the line.
    #[inline]
    pub fn value(self, value: impl SampleValue) {
        self.out.push_str(if self.has_labels { "} " } else { " " });
        value.append_to(self.out);
        self.out.push('\n');
    }

    #[inline]
    fn separate(&mut self) {
        self.out.push(if self.has_labels { ',' } else { '{' });
        self.has_labels = true;
    }
}

/// Renders a label that many samples share, for [`SampleWriter::escaped_label`].
pub(crate) fn escaped_label(name: &str, value: &str) -> String {
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

/// Appends a text with its special characters escaped: the backslash, the line feed and, in label values, the quote.
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
