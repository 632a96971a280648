//! The YAML tree and its construction from parser events.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

use super::Diagnostic;
use super::scalar::plain;

/// A value and its byte range in the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The byte range. For a block-style mapping or list, only its beginning.
    pub(crate) span: Range<usize>,
    /// Whether the node is an alias of a value elsewhere in the text.
    pub(crate) alias: bool,
    /// The value. Aliases share it, so that nested aliases cannot make the tree larger than the text.
    pub(crate) value: Rc<Value>,
}

/// The value of a node.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// A number in the spelling of the text.
    Number(String),
    Text(String),
    List(Style, Vec<Node>),
    Mapping(Style, Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) value: Node,
}

/// The style of a list or mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// By indentation.
    Block,
    /// By brackets.
    Flow,
}

impl Node {
    /// The end of its text, without trailing whitespace.
    pub(crate) fn end(&self, text: &str) -> usize {
        let inner = match &*self.value {
            _ if self.alias => None,
            Value::List(Style::Block, items) => items.last(),
            Value::Mapping(Style::Block, entries) => entries.last().map(|entry| &entry.value),
            _ => None,
        };
        match inner {
            Some(inner) => inner.end(text),
            None => self.span.start + text.get(self.span.clone()).map_or(0, |own| own.trim_end().len()),
        }
    }

    /// The value of this key, if the node is a mapping that contains it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key.text() == Some(key)).map(|entry| &entry.value)
    }

    /// The entries of a mapping; empty for other values.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &*self.value {
            Value::Mapping(_, entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; empty for other values.
    pub(crate) fn items(&self) -> &[Self] {
        match &*self.value {
            Value::List(_, items) => items,
            _ => &[],
        }
    }

    /// The string, if the value is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &*self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A description for messages, such as `the number 5`.
    pub(crate) fn describe(&self) -> String {
        match &*self.value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => format!("the number {}", truncated(number)),
            Value::Text(text) => format!("the string \"{}\"", truncated(&text.escape_debug().to_string())),
            Value::List(..) => "a list".to_owned(),
            Value::Mapping(..) => "a mapping".to_owned(),
        }
    }
}

/// Truncates a text to 60 characters.
pub(crate) fn truncated(text: &str) -> String {
    const MAX_CHARACTERS: usize = 60;
    if text.chars().count() <= MAX_CHARACTERS {
        return text.to_owned();
    }
    text.chars().take(MAX_CHARACTERS - 1).chain(['…']).collect()
}

/// The byte order mark that some editors write at the beginning of a file.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';
/// The largest accepted text. A roster of a thousand agents is much smaller.
const MAX_BYTES: usize = 4 << 20;
/// The deepest accepted nesting, which bounds the recursion over the tree.
const MAX_DEPTH: usize = 32;

/// Parses a text that contains at most one document; `None` if it contains none.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, Diagnostic> {
    if text.len() > MAX_BYTES {
        return Err(Diagnostic::new(format!("the file has {} bytes, the limit is {MAX_BYTES}", text.len())).at(0..0));
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
            let diagnostic = Diagnostic::new(format!("invalid YAML: {}", error.info())).at(at..at);
            if text[at..].starts_with('\t') || error.info().contains("tab") {
                return diagnostic.with_help("indent with spaces instead of tabs");
            }
            diagnostic
        })?;
        builder.handle(event, &span)?;
    }
    Ok(builder.root)
}

/// A list or mapping whose end event has not been seen yet.
enum Container {
    List {
        style: Style,
        anchor: usize,
        span: Range<usize>,
        items: Vec<Node>,
    },
    Mapping {
        style: Style,
        anchor: usize,
        span: Range<usize>,
        entries: Vec<Entry>,
        key: Option<Node>,
        seen: BTreeMap<String, Range<usize>>,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<Container>,
    anchors: BTreeMap<usize, Rc<Value>>,
    root: Option<Node>,
}

impl Builder {
    fn handle(&mut self, event: Event<'_>, span: &Span) -> Result<(), Diagnostic> {
        let range = span.byte_range().unwrap_or(0..0);
        if event.tag().is_some() {
            let at = span.tag_span().and_then(|tag| tag.byte_range()).unwrap_or(range);
            return Err(Diagnostic::new("tags (`!…`) are not supported")
                .at(at)
                .with_help("remove the tag; quote the value if it is a string"));
        }
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(Diagnostic::new("a second YAML document begins here")
                    .at(range)
                    .with_help("the file must be a single document: remove the line `---`"))
            }
            Event::Scalar(text, style, anchor, _) => {
                let value =
                    if style == ScalarStyle::Plain { plain_at(&text, &range) } else { Value::Text(text.into_owned()) };
                self.complete(value, anchor, range)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(value) => self.add(Node { span: range, alias: true, value: Rc::clone(value) }),
                None => Err(Diagnostic::new("recursive alias").at(range)),
            },
            Event::SequenceStart(style, anchor, _) => self.begin(
                Container::List { style: style_of(style), anchor, span: range.clone(), items: Vec::new() },
                range,
            ),
            Event::MappingStart(style, anchor, _) => {
                let (style, span) = (style_of(style), range.clone());
                self.begin(
                    Container::Mapping { style, anchor, span, entries: Vec::new(), key: None, seen: BTreeMap::new() },
                    range,
                )
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Container::List { style, anchor, span, items }) => {
                    self.complete(Value::List(style, items), anchor, container_span(style, span, &range))
                }
                Some(Container::Mapping { style, anchor, span, entries, .. }) => {
                    self.complete(Value::Mapping(style, entries), anchor, container_span(style, span, &range))
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: Container, range: Range<usize>) -> Result<(), Diagnostic> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Diagnostic::new(format!("the nesting is deeper than {MAX_DEPTH} levels")).at(range));
        }
        self.open.push(open);
        Ok(())
    }

    fn complete(&mut self, value: Value, anchor: usize, span: Range<usize>) -> Result<(), Diagnostic> {
        let value = Rc::new(value);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&value));
        }
        self.add(Node { span, alias: false, value })
    }

    fn add(&mut self, node: Node) -> Result<(), Diagnostic> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Container::List { items, .. }) => items.push(node),
            Some(Container::Mapping { entries, key, seen, .. }) => {
                if let Some(key) = key.take() {
                    entries.push(Entry { key, value: node });
                } else {
                    check_duplicate(seen, &node)?;
                    *key = Some(node);
                }
            }
        }
        Ok(())
    }
}

fn check_duplicate(seen: &mut BTreeMap<String, Range<usize>>, key: &Node) -> Result<(), Diagnostic> {
    let Some(text) = key.text() else { return Ok(()) };
    match seen.insert(text.to_owned(), key.span.clone()) {
        Some(first) => Err(Diagnostic::new(format!("duplicate key `{}`", text.escape_debug()))
            .at(key.span.clone())
            .with_label(first, "first used here")
            .with_help("remove one of the two")),
        None => Ok(()),
    }
}

/// A plain scalar without a length is the missing value after a colon.
fn plain_at(text: &str, range: &Range<usize>) -> Value {
    if range.is_empty() { Value::Null } else { plain(text) }
}

fn style_of(style: StructureStyle) -> Style {
    match style {
        StructureStyle::Flow => Style::Flow,
        StructureStyle::Block => Style::Block,
    }
}

/// The byte range of a container: with brackets the whole of it, else its beginning.
fn container_span(style: Style, begin: Range<usize>, end: &Range<usize>) -> Range<usize> {
    match style {
        Style::Flow => begin.start..end.end,
        Style::Block => begin,
    }
}
