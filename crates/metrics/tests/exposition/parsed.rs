//! The text formats read back, by their grammar alone. What breaks it panics, with the line.

use std::collections::BTreeSet;

use mosaic_metrics::Format;

/// A sample: its name, its labels in their order, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: String,
}

/// A family: what its head says, and its samples.
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

/// Reads a whole exposition.
pub(crate) fn parsed(text: &str, format: Format) -> Vec<Block> {
    let text = match format {
        Format::Text => text,
        Format::OpenMetrics => text.strip_suffix("# EOF\n").expect("the end is marked"),
    };
    assert!(text.is_empty() || text.ends_with('\n'), "the last line ends too");
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.split_terminator('\n') {
        if let Some(help) = line.strip_prefix("# HELP ") {
            blocks.push(begun(help, line));
            continue;
        }
        let block = blocks.last_mut().unwrap_or_else(|| panic!("not in a family: {line}"));
        if let Some(kind) = head(line, "TYPE", block) {
            assert!(block.kind.is_empty() && block.samples.is_empty(), "{line}");
            kind.clone_into(&mut block.kind);
        } else if let Some(unit) = head(line, "UNIT", block) {
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
    assert_eq!(names.len(), blocks.len(), "the samples of a family are not together");
    for block in &blocks {
        let series: BTreeSet<_> = block.samples.iter().map(|sample| &sample.labels).collect();
        assert!(!series.is_empty() && series.len() == block.samples.len(), "no sample, or one twice: {block:?}");
    }
    blocks
}

fn begun(help: &str, line: &str) -> Block {
    let (name, help) = help.split_once(' ').unwrap_or_else(|| panic!("{line}"));
    assert_name(name, ':', line);
    Block { name: name.to_owned(), kind: String::new(), help: help.to_owned(), unit: None, samples: Vec::new() }
}

fn head<'a>(line: &'a str, what: &str, block: &Block) -> Option<&'a str> {
    line.strip_prefix(&format!("# {what} {} ", block.name))
}

fn sample_name(block: &Block, format: Format) -> String {
    let suffix = match (format, block.kind.as_str()) {
        (_, "gauge") | (Format::Text, "counter") => "",
        (Format::OpenMetrics, "counter") => "_total",
        (Format::OpenMetrics, "info") => "_info",
        other => panic!("there is no such type: {other:?}"),
    };
    format!("{}{suffix}", block.name)
}

fn assert_name(name: &str, also: char, line: &str) {
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == also;
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

/// What a quoted text means, up to its end, and what follows.
fn quoted<'a>(text: &'a str, line: &str) -> (String, &'a str) {
    let mut meaning = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next() {
            Some((at, '"')) => return (meaning, &text[at + 1..]),
            Some((_, '\\')) => meaning.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, escaped @ ('"' | '\\'))) => escaped,
                other => panic!("{other:?} means nothing after a backslash: {line}"),
            }),
            Some((_, plain)) => meaning.push(plain),
            None => panic!("the quote does not end: {line}"),
        }
    }
}
