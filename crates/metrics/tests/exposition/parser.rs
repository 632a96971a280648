//! A parser of both text formats. It panics with the line that breaks the grammar.

use std::collections::BTreeSet;

use mosaic_metrics::Format;

/// A sample: its name, its labels in order, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: String,
}

/// A family: its head and its samples.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) unit: Option<String>,
    pub(crate) samples: Vec<Sample>,
}

impl Sample {
    /// The value of a label.
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

/// Parses a whole exposition.
pub(crate) fn parse(text: &str, format: Format) -> Vec<Block> {
    let text = match format {
        Format::Text => text,
        Format::OpenMetrics => text.strip_suffix("# EOF\n").expect("the exposition ends with # EOF"),
    };
    assert!(text.is_empty() || text.ends_with('\n'), "the last line has a line feed");
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.split_terminator('\n') {
        if let Some(help) = line.strip_prefix("# HELP ") {
            blocks.push(new_block(help, line));
            continue;
        }
        let block = blocks.last_mut().unwrap_or_else(|| panic!("outside a family: {line}"));
        if let Some(kind) = head_value(line, "TYPE", block) {
            assert!(block.kind.is_empty() && block.samples.is_empty(), "{line}");
            kind.clone_into(&mut block.kind);
        } else if let Some(unit) = head_value(line, "UNIT", block) {
            assert!(format == Format::OpenMetrics && block.samples.is_empty(), "{line}");
            assert!(block.name.ends_with(&format!("_{unit}")), "{line}");
            block.unit = Some(unit.to_owned());
        } else {
            let sample = sample(line);
            assert_eq!(sample.name, sample_name(block, format), "{line}");
            assert_number(&sample.value, line);
            block.samples.push(sample);
        }
    }
    let names: BTreeSet<&str> = blocks.iter().map(|block| block.name.as_str()).collect();
    assert_eq!(names.len(), blocks.len(), "the samples of a family are not contiguous");
    for block in &blocks {
        let series: BTreeSet<_> = block.samples.iter().map(|sample| &sample.labels).collect();
        assert!(!series.is_empty() && series.len() == block.samples.len(), "no sample, or a duplicate: {block:?}");
    }
    blocks
}

fn new_block(help: &str, line: &str) -> Block {
    let (name, help) = help.split_once(' ').unwrap_or_else(|| panic!("{line}"));
    assert_name(name, ':', line);
    Block { name: name.to_owned(), kind: String::new(), help: help.to_owned(), unit: None, samples: Vec::new() }
}

fn head_value<'a>(line: &'a str, keyword: &str, block: &Block) -> Option<&'a str> {
    line.strip_prefix(&format!("# {keyword} {} ", block.name))
}

fn sample_name(block: &Block, format: Format) -> String {
    let suffix = match (format, block.kind.as_str()) {
        (_, "gauge") | (Format::Text, "counter") => "",
        (Format::OpenMetrics, "counter") => "_total",
        (Format::OpenMetrics, "info") => "_info",
        other => panic!("unknown type: {other:?}"),
    };
    format!("{}{suffix}", block.name)
}

fn assert_name(name: &str, extra: char, line: &str) {
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == extra;
    assert!(!name.is_empty() && name.chars().all(allowed), "{line}");
    assert!(!name.starts_with(|first: char| first.is_ascii_digit()), "{line}");
}

fn assert_number(value: &str, line: &str) {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    assert!(digits && value.parse::<f64>().is_ok(), "{line}");
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line}"));
    let (name, mut rest) = line.split_at(end);
    assert_name(name, ':', line);
    let mut labels = Vec::new();
    while let Some(label) = rest.strip_prefix(if labels.is_empty() { '{' } else { ',' }) {
        let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        assert_name(name, '_', line);
        let (value, after) = quoted(value, line);
        labels.push((name.to_owned(), value));
        rest = after;
    }
    if !labels.is_empty() {
        rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("{line}"));
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    Sample { name: name.to_owned(), labels, value: value.to_owned() }
}

/// Unescapes a quoted text; returns it and the rest of the line.
fn quoted<'a>(text: &'a str, line: &str) -> (String, &'a str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next() {
            Some((at, '"')) => return (value, &text[at + 1..]),
            Some((_, '\\')) => value.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, escaped @ ('"' | '\\'))) => escaped,
                other => panic!("{other:?} after a backslash: {line}"),
            }),
            Some((_, plain)) => value.push(plain),
            None => panic!("the quote is not closed: {line}"),
        }
    }
}
