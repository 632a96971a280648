//! What is promised of a message: the text that the model gets.

use std::path::Path;

/// How a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The model got the text.
    Text,
    /// The model got the text, and the part behind the preamble in tags that say that it was pasted.
    Tagged,
    /// The model got the path of a file that contains the text.
    File,
}

/// A message as the model is to get it.
#[derive(Debug)]
pub(crate) struct Sent {
    preamble: String,
    body: String,
    is_in_file: bool,
    /// Whether a blank may be behind the text: opencode puts one behind a folded paste.
    may_have_blank: bool,
}

impl Sent {
    /// Control characters are replaced by their pictures, line ends by line feeds, and blanks at the end are left out. A
    /// further line that looks like a preamble is quoted. claude composes accents.
    pub(crate) fn new(runtime: &str, preamble: &str, text: &str, file: Option<&str>) -> Self {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\x1b', "␛").replace('\x07', "␇");
        let mut text = text.trim_end().replace("\n[vm:lead -> ", "\n> [vm:lead -> ");
        if runtime == "claude" {
            let composed =
                [("e\u{301}", "é"), ("i\u{308}", "ï"), ("A\u{30a}", "Å"), ("o\u{308}", "ö"), ("a\u{300}", "à")];
            for (from, to) in composed {
                text = text.replace(from, to);
            }
        }
        let body = match file.map(Path::new) {
            None => text,
            Some(path) => {
                assert_eq!(std::fs::read_to_string(path).unwrap(), text, "{}", path.display());
                format!("Read this message, it is in the file {} ({} bytes)", path.display(), text.len())
            }
        };
        let (preamble, is_in_file, may_have_blank) = (preamble.to_owned(), file.is_some(), runtime == "opencode");
        Self { preamble, body, is_in_file, may_have_blank }
    }

    /// Returns whether a part of a conversation is this message, changed or not.
    pub(crate) fn is_in(&self, part: &str) -> bool {
        // Of the messages without a preamble, no two begin alike.
        let begin =
            if self.preamble.is_empty() { self.body.lines().next().unwrap_or_default() } else { &self.preamble };
        part.contains(begin.trim_end())
    }

    /// Returns how the message arrived, or how it was changed.
    pub(crate) fn arrival(&self, part: &str) -> Result<Arrival, String> {
        let whole = format!("{}{}", self.preamble, self.body);
        let part = if self.may_have_blank { part.strip_suffix(' ').unwrap_or(part) } else { part };
        match () {
            () if part == whole && self.is_in_file => Ok(Arrival::File),
            () if part == whole => Ok(Arrival::Text),
            () if self.is_tagged(part) => Ok(Arrival::Tagged),
            () => Err(format!("the model got {part:?}, expected {whole:?}")),
        }
    }

    fn is_tagged(&self, part: &str) -> bool {
        let Some((before, tagged)) = part.split_once("<pasted_content id=\"") else { return false };
        let Some((id, rest)) = tagged.split_once("\">\n") else { return false };
        let pasted = rest.trim_end().strip_suffix(&format!("\n</pasted_content id=\"{id}\">"));
        !self.preamble.is_empty() && before.trim_end() == self.preamble.trim_end() && pasted == Some(&self.body)
    }
}
