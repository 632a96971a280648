//! Finds a typed message on the screen: in the composer, as a turn, or as a note that the program keeps it.

use mosaic_runtimes::{Composer, ComposerForm, Profile, Screen, letters, squeezed};

/// The typed text, in the forms in which it is searched for on the screen.
#[derive(Clone, Debug)]
pub(super) struct TypedText {
    text: String,
    squeezed: String,
    /// The beginning and the end of its letters, by which a turn is recognized. Often the screen shows only the end of
    /// a long turn.
    head: String,
    tail: String,
}

/// The number of letters by which a turn is recognized. They fit on its first lines.
const NEEDLE: usize = 64;

impl TypedText {
    pub(super) fn new(text: &str) -> Self {
        let (squeezed, letters) = (squeezed(text), letters(text));
        // A text without letters is recognized by its other characters.
        let all = if letters.is_empty() { &squeezed } else { &letters };
        let head = all.chars().take(NEEDLE).collect();
        let tail = all.chars().skip(all.chars().count().saturating_sub(NEEDLE)).collect();
        Self { text: text.to_owned(), squeezed, head, tail }
    }

    /// Returns the prompt before the text if the composer on this screen shows the text and nothing else; `None` if it does
    /// not. Only a line has a prompt.
    pub(super) fn prompt_on(&self, screen: &Screen, profile: &Profile) -> Option<String> {
        let is_shown = |composer: &Composer| match &profile.composer {
            ComposerForm::Line { prompt, .. } => {
                let before = composer.text.strip_suffix(self.text.as_str())?;
                prompt.matches(before).then(|| before.to_owned())
            }
            ComposerForm::Box { .. } => self.is_in(composer, profile, "").then(String::new),
        };
        if self.is_blank() {
            return None;
        }
        Composer::candidates(&profile.composer, screen).iter().find_map(is_shown)
    }

    /// Returns whether the composer shows a part of the text and nothing else.
    pub(super) fn contains(&self, composer: &Composer) -> bool {
        let shown = squeezed(&composer.text);
        !shown.is_empty() && self.squeezed.contains(&shown)
    }

    /// Returns whether the text is blank, so that only Enter is pressed.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Returns whether the composer shows this text and nothing else. `prompt` is the content of the line before.
    pub(super) fn is_in(&self, composer: &Composer, profile: &Profile, prompt: &str) -> bool {
        if let ComposerForm::Line { .. } = profile.composer {
            return composer.text.strip_prefix(prompt).is_some_and(|typed| squeezed(typed) == self.squeezed);
        }
        let shown = squeezed(&composer.text);
        if self.squeezed.is_empty() {
            // Emoji, for example, have to appear exactly, whatever width the terminal gives them.
            return self.is_exactly_in(composer);
        }
        if shown == self.squeezed {
            return true;
        }
        let folded = || profile.pasted.as_ref().and_then(|pattern| pattern.captures(composer.text.trim()));
        folded().is_some_and(|found| profile.folds.fold(&self.text) && self.fits(&found))
            || (composer.is_cut && !shown.is_empty() && self.squeezed.ends_with(&shown))
    }

    /// Returns whether the composer shows the text character by character. It decides between several candidates, if a
    /// line of the text looks like the line above a composer.
    pub(super) fn is_exactly_in(&self, composer: &Composer) -> bool {
        let marks = |text: &str| text.chars().filter(|mark| !mark.is_whitespace()).collect::<String>();
        let (own, shown) = (marks(&self.text), marks(&composer.text));
        own == shown || (composer.is_cut && !shown.is_empty() && own.ends_with(&shown))
    }

    /// Returns whether the text is as long as the note says that stands for it. Programs count lines or line ends, and
    /// characters, UTF-16 units or bytes.
    fn fits(&self, note: &regex_lite::Captures<'_>) -> bool {
        let number = |name| note.name(name).and_then(|found| found.as_str().parse::<usize>().ok());
        let lines = self.text.split('\n').count();
        let lengths = [self.text.chars().count(), self.text.encode_utf16().count(), self.text.len()];
        let is_one_of = |number: usize, all: &[usize]| all.contains(&number);
        number("lines").is_none_or(|number| is_one_of(number, &[lines, lines - 1]))
            && number("chars").is_none_or(|number| is_one_of(number, &lengths))
    }

    /// Counts how often the beginning and the end of the text occur in `text`.
    pub(super) fn times_in(&self, text: &str) -> (usize, usize) {
        let within = if self.head.chars().all(char::is_alphanumeric) { letters(text) } else { squeezed(text) };
        let times = |needle: &str| if needle.is_empty() { 0 } else { within.matches(needle).count() };
        (times(&self.head), times(&self.tail))
    }

    /// Returns whether the text begins with `beginning`, comparing letters.
    pub(super) fn begins_with(&self, beginning: &str) -> bool {
        let beginning = letters(beginning);
        !beginning.is_empty() && letters(&self.text).starts_with(&beginning)
    }
}

/// How often the message appears on the screen. The counts before and after Enter are compared, because the same text may
/// have been sent earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The number of turns that begin like the message.
    heads: usize,
    /// The number of turns that end like the message.
    tails: usize,
    /// The number of notes that stand for long texts, which some programs leave in their turns.
    folded: usize,
    /// The number of notes that the program keeps the message for later.
    notes: usize,
    /// Whether the program works.
    busy: bool,
}

impl Evidence {
    pub(super) fn collect(screen: &Screen, composer: Option<&Composer>, own: &TypedText, profile: &Profile) -> Self {
        let is_outside = |at: usize| composer.is_none_or(|composer| at < composer.begin || at >= composer.end);
        // Such a note is drawn at the end of the screen, and is not part of the history.
        let kept = profile.queued_on(screen, composer);
        let is_ours =
            |beginning: &Option<String>| beginning.as_ref().is_none_or(|beginning| own.begins_with(beginning));
        let notes = kept.iter().filter(|(_, beginning)| is_ours(beginning)).count();
        let mut turns = String::new();
        for (at, line) in screen.lines.iter().enumerate().filter(|(at, _)| is_outside(*at)) {
            if !kept.iter().any(|(note, _)| *note == at) {
                turns.push_str(profile.without_margin(&line.text));
                turns.push('\n');
            }
        }
        let (heads, tails) = own.times_in(&turns);
        Self { heads, tails, folded: folded(&turns, profile), notes, busy: profile.is_busy_with(screen, composer) }
    }

    /// Returns whether there is a turn that was not there before.
    pub(super) fn has_turn_since(self, before: Self) -> bool {
        self.heads > before.heads || self.tails > before.tails || self.folded > before.folded
    }

    /// Returns whether the program keeps the message for later.
    pub(super) fn has_note_since(self, before: Self) -> bool {
        // A note with the same beginning may have become a turn, and ours may have taken its place.
        self.notes > before.notes || (before.notes > 0 && self.notes == before.notes && self.has_turn_since(before))
    }

    /// Returns whether the program works.
    pub(super) fn is_busy(self) -> bool {
        self.busy
    }

    /// Returns whether the program has begun to work.
    pub(super) fn works_since(self, before: Self) -> bool {
        self.busy && !before.busy
    }
}

/// Counts the notes that stand for long texts.
fn folded(text: &str, profile: &Profile) -> usize {
    let Some(pattern) = &profile.pasted else { return 0 };
    let is_note = |line: &str| {
        let line = line.trim_start_matches(|mark: char| !mark.is_alphanumeric() && mark != '[').trim();
        !letters(line).is_empty() && pattern.matches(line)
    };
    text.lines().filter(|line| is_note(line)).count()
}
