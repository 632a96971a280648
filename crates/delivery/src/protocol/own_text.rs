//! Is what stands in the composer just what we typed?

use mosaic_runtimes::Composer;
use mosaic_runtimes::{ComposerForm, Profile};
use mosaic_runtimes::{letters, squeezed};

/// A text that is typed, in the forms in which it is found again.
#[derive(Clone, Debug)]
pub(super) struct OwnText {
    text: String,
    squeezed: String,
    /// The beginning of its letters, and their end: what a turn is known by. Of a long one often only
    /// the end is on the screen.
    head: String,
    tail: String,
}

/// No program was seen to fold a text that is shorter than that in both ways.
const FOLDED_LINES: usize = 3;
const FOLDED_BYTES: usize = 150;

/// So many letters make a turn recognisable, and stand on the first lines of it.
const NEEDLE: usize = 64;

impl OwnText {
    pub(super) fn new(text: &str) -> Self {
        let (squeezed, letters) = (squeezed(text), letters(text));
        // Without letters its signs have to do.
        let all = if letters.is_empty() { &squeezed } else { &letters };
        let head = all.chars().take(NEEDLE).collect();
        let tail = all.chars().skip(all.chars().count().saturating_sub(NEEDLE)).collect();
        Self { text: text.to_owned(), squeezed, head, tail }
    }

    /// Is there nothing in it, so that only Enter is pressed?
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Does the composer show this text and nothing else? `prompt` is what a line stood with before.
    pub(super) fn is_in(&self, composer: &Composer, profile: &Profile, prompt: &str) -> bool {
        if let ComposerForm::Line { .. } = profile.composer {
            return composer.text.strip_prefix(prompt).is_some_and(|typed| squeezed(typed) == self.squeezed);
        }
        let shown = squeezed(&composer.text);
        if self.squeezed.is_empty() {
            // Emoji, say: just these have to stand there, however wide the terminal takes them to be.
            return self.is_exactly_in(composer);
        }
        if shown == self.squeezed {
            return true;
        }
        let folded = || profile.pasted.as_ref().and_then(|pattern| pattern.captures(composer.text.trim()));
        folded().is_some_and(|found| self.fits(&found))
            || (composer.is_cut && !shown.is_empty() && self.squeezed.ends_with(&shown))
    }

    /// Is the composer that one of several in which it stands sign for sign? A line of it looks like the line
    /// above a composer, and such lines are signs.
    pub(super) fn is_exactly_in(&self, composer: &Composer) -> bool {
        let signs = |text: &str| text.chars().filter(|sign| !sign.is_whitespace()).collect::<String>();
        let (own, shown) = (signs(&self.text), signs(&composer.text));
        own == shown || (composer.is_cut && !shown.is_empty() && own.ends_with(&shown))
    }

    /// Is it as long as the note says that stands for it? Programs count lines or the ends of lines, and
    /// characters or UTF-16 units or bytes.
    fn fits(&self, note: &regex_lite::Captures<'_>) -> bool {
        let number = |name| note.name(name).and_then(|found| found.as_str().parse::<usize>().ok());
        let lines = self.text.split('\n').count();
        let lengths = [self.text.chars().count(), self.text.encode_utf16().count(), self.text.len()];
        let is_one_of = |number: usize, all: &[usize]| all.contains(&number);
        // Nobody folds what is easily shown.
        (lines >= FOLDED_LINES || self.text.len() >= FOLDED_BYTES)
            && number("lines").is_none_or(|number| is_one_of(number, &[lines, lines - 1]))
            && number("chars").is_none_or(|number| is_one_of(number, &lengths))
    }

    /// How often it begins in a text, and how often it ends there.
    pub(super) fn times_in(&self, text: &str) -> (usize, usize) {
        let within = if self.head.chars().all(char::is_alphanumeric) { letters(text) } else { squeezed(text) };
        let times = |needle: &str| if needle.is_empty() { 0 } else { within.matches(needle).count() };
        (times(&self.head), times(&self.tail))
    }

    /// Is this the beginning of it?
    pub(super) fn begins_with(&self, beginning: &str) -> bool {
        let beginning = letters(beginning);
        !beginning.is_empty() && letters(&self.text).starts_with(&beginning)
    }
}
