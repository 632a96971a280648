//! What is wrong with a text, and where.

use std::fmt;
use std::ops::Range;

/// A place to be shown, and what to say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) span: Range<usize>,
    pub(crate) label: &'static str,
}

/// What is wrong. It is made without a place, where the value is judged, and gets one on its way out.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(super) kind: Box<Kind>,
    /// Where; the first is the place that the message names.
    pub(super) marks: Vec<Mark>,
    /// What it is about: the key whose value it is.
    pub(super) subject: Option<String>,
    /// The kind of mapping that the key is in.
    pub(super) container: Option<&'static str>,
    pub(super) advice: Option<String>,
}

/// What is wrong, as `serde` says it.
#[derive(Debug)]
pub(super) enum Kind {
    Message(String),
    /// Something else was expected; what was found is filled in by whoever has the node.
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

impl Fault {
    /// A fault with its own words.
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self::of(Kind::Message(problem.into()))
    }

    pub(super) fn of(kind: Kind) -> Self {
        Self { kind: Box::new(kind), marks: Vec::new(), subject: None, container: None, advice: None }
    }

    /// At this place, unless it has one already.
    pub(crate) fn at(mut self, span: Range<usize>) -> Self {
        if self.marks.is_empty() {
            self.marks.push(Mark { span, label: "" });
        }
        self
    }

    /// This place has to do with it too.
    pub(crate) fn and(mut self, span: Range<usize>, label: &'static str) -> Self {
        self.marks.push(Mark { span, label });
        self
    }

    /// What was expected, or what to do.
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.get_or_insert(advice.into());
        self
    }

    /// The places, the one to be named first.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// What is wrong, in one line.
    pub(crate) fn problem(&self) -> String {
        let subject = self.subject.as_deref().unwrap_or("this");
        match &*self.kind {
            Kind::Message(message) => match &self.subject {
                Some(subject) => format!("{subject}: {message}"),
                None => message.clone(),
            },
            Kind::Unexpected { found: Some(found), .. } if found == "nothing" => format!("{subject} has no value"),
            Kind::Unexpected { expected, found } => {
                format!("{subject} must be {expected}, not {}", found.as_deref().unwrap_or("this"))
            }
            Kind::UnknownKey { given, .. } => format!("unknown key `{}` {}", given.escape_debug(), self.of_container()),
            Kind::MissingKey(key) => format!("the key `{key}` {} is missing", self.of_container()),
        }
    }

    /// The key that is missing, when that is what is wrong.
    pub(crate) fn missing_key(&self) -> Option<&'static str> {
        match *self.kind {
            Kind::MissingKey(key) => Some(key),
            _ => None,
        }
    }

    /// What was expected and what to do.
    pub(crate) fn advice(&self) -> Option<String> {
        let Kind::UnknownKey { given, known } = &*self.kind else { return self.advice.clone() };
        let nearest = crate::nearest::nearest(given, known.iter().copied());
        let nearest = nearest.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default();
        Some(format!("expected one of: {}{nearest}", known.join(", ")))
    }

    fn of_container(&self) -> String {
        match self.container {
            Some("roster") => "of the roster".to_owned(),
            Some("agent") => "of an agent".to_owned(),
            Some("runtime") => "of a runtime".to_owned(),
            Some(section) => format!("of `{section}`"),
            None => String::new(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem())
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(_: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::of(Kind::Unexpected { expected: in_words(&expected.to_string()), found: None })
    }

    fn invalid_value(unexpected: serde::de::Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_field(given: &str, known: &'static [&'static str]) -> Self {
        Self::of(Kind::UnknownKey { given: given.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> Self {
        Self::of(Kind::MissingKey(key))
    }
}

/// What `serde` calls a type, as a person would.
fn in_words(expected: &str) -> String {
    match expected {
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "u64" => "a whole number",
        other if other.starts_with("struct ") || other == "a map" => "a mapping of keys to values",
        other => other,
    }
    .to_owned()
}
