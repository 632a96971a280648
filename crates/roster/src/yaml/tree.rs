//! From text to a tree.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle};

use super::scalar::plain;
use super::{Entry, Fault, Node, Style, Value};

/// What some editors put before a text.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';
/// Far more than a roster of a thousand agents; what is longer is something else.
const LONGEST: usize = 4 << 20;
/// Deeper than anything a fleet's files have.
const DEEPEST: usize = 32;

/// Reads a text of one document; `None` when there is none in it.
pub(crate) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::new(format!("the file has {} bytes, and at most {LONGEST} are read", text.len())).at(0..0));
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
            let fault = Fault::new(format!("this is not valid YAML: {}", error.info())).at(at..at);
            if text[at..].starts_with('\t') || error.info().contains("tab") {
                return fault.advise("YAML is indented by spaces: replace the tabs");
            }
            fault
        })?;
        builder.take(event, &span)?;
    }
    Ok(builder.root)
}

/// What was begun and is not yet complete.
enum Open {
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
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Value>>,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Fault> {
        let place = span.byte_range().unwrap_or(0..0);
        if event.tag().is_some() {
            let at = span.tag_span().and_then(|tag| tag.byte_range()).unwrap_or(place);
            return Err(Fault::new("tags (`!…`) have no meaning here")
                .at(at)
                .advise("remove the tag; a text in quotes is a text"));
        }
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Fault::new("a second document begins here")
                .at(place)
                .advise("a file is one document: remove the line `---`")),
            Event::Scalar(text, style, anchor, _) => {
                let value =
                    if style == ScalarStyle::Plain { plain_at(&text, &place) } else { Value::Text(text.into_owned()) };
                self.complete(value, anchor, place)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(value) => self.add(Node { span: place, alias: true, value: Rc::clone(value) }),
                None => Err(Fault::new("this alias is part of what it stands for").at(place)),
            },
            Event::SequenceStart(style, anchor, _) => {
                self.begin(Open::List { style: style_of(style), anchor, span: place.clone(), items: Vec::new() }, place)
            }
            Event::MappingStart(style, anchor, _) => {
                let (style, span) = (style_of(style), place.clone());
                self.begin(
                    Open::Mapping { style, anchor, span, entries: Vec::new(), key: None, seen: BTreeMap::new() },
                    place,
                )
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { style, anchor, span, items }) => {
                    self.complete(Value::List(style, items), anchor, whole(style, span, &place))
                }
                Some(Open::Mapping { style, anchor, span, entries, .. }) => {
                    self.complete(Value::Mapping(style, entries), anchor, whole(style, span, &place))
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: Open, place: Range<usize>) -> Result<(), Fault> {
        if self.open.len() >= DEEPEST {
            return Err(Fault::new(format!("this is nested more than {DEEPEST} levels deep")).at(place));
        }
        self.open.push(open);
        Ok(())
    }

    fn complete(&mut self, value: Value, anchor: usize, span: Range<usize>) -> Result<(), Fault> {
        let value = Rc::new(value);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&value));
        }
        self.add(Node { span, alias: false, value })
    }

    fn add(&mut self, node: Node) -> Result<(), Fault> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, seen, .. }) => {
                if let Some(key) = key.take() {
                    entries.push(Entry { key, value: node });
                } else {
                    refuse_duplicate(seen, &node)?;
                    *key = Some(node);
                }
            }
        }
        Ok(())
    }
}

fn refuse_duplicate(seen: &mut BTreeMap<String, Range<usize>>, key: &Node) -> Result<(), Fault> {
    let Some(text) = key.text() else { return Ok(()) };
    match seen.insert(text.to_owned(), key.span.clone()) {
        Some(first) => Err(Fault::new(format!("the key `{}` is here for the second time", text.escape_debug()))
            .at(key.span.clone())
            .and(first, "first here")
            .advise("remove one of the two")),
        None => Ok(()),
    }
}

/// An unquoted scalar of no length is what stands after a colon with nothing behind it.
fn plain_at(text: &str, place: &Range<usize>) -> Value {
    if place.is_empty() { Value::Null } else { plain(text) }
}

fn style_of(style: StructureStyle) -> Style {
    match style {
        StructureStyle::Flow => Style::Flow,
        StructureStyle::Block => Style::Block,
    }
}

/// In brackets, from the first to the last; else where it begins.
fn whole(style: Style, begin: Range<usize>, end: &Range<usize>) -> Range<usize> {
    match style {
        Style::Flow => begin.start..end.end,
        Style::Block => begin,
    }
}
