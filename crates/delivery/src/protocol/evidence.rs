//! Finds a typed message on the screen: in the composer, as a turn, or as a note that the program keeps it.

use mosaic_runtimes::{Composer, ComposerForm, Profile, Screen, letters, squeezed};

/// The typed text, in the forms in which it is searched for on the screen.
#[derive(Clone, Debug)]
pub(super) struct TypedText {
    text: String,
    /// The length of the beginning that is typed before the rest is pasted.
    typed: usize,
    squeezed: String,
    /// The beginning and the end of its letters, by which a turn is recognized. Often the screen shows only the end of
    /// a long turn. The second form is the one of a program that renders Markdown.
    needles: [Needles; 2],
}

/// The beginning and the end of the letters of a text.
#[derive(Clone, Debug)]
struct Needles {
    head: String,
    tail: String,
}

impl Needles {
    fn new(text: &str) -> Self {
        let (squeezed, letters) = (squeezed(text), letters(text));
        // A text without letters is recognized by its other characters.
        let all = if letters.is_empty() { &squeezed } else { &letters };
        let head = all.chars().take(NEEDLE).collect();
        let tail = all.chars().skip(all.chars().count().saturating_sub(NEEDLE)).collect();
        Self { head, tail }
    }

    /// Counts how often the beginning and the end occur in `text`.
    fn times_in(&self, text: &str) -> (usize, usize) {
        let within = if self.head.chars().all(char::is_alphanumeric) { letters(text) } else { squeezed(text) };
        let times = |needle: &str| if needle.is_empty() { 0 } else { within.matches(needle).count() };
        (times(&self.head), times(&self.tail))
    }
}

/// The number of letters by which a turn is recognized. They fit on its first lines.
const NEEDLE: usize = 64;

impl TypedText {
    pub(super) fn new(text: &str) -> Self {
        // The language of a block of code is not shown where the block is rendered.
        let rendered: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("```")).collect();
        let needles = [Needles::new(text), Needles::new(&rendered.join("\n"))];
        Self { text: text.to_owned(), typed: 0, squeezed: squeezed(text), needles }
    }

    /// The same text, whose beginning is typed and not pasted. Only the rest is replaced by a note, if it is long.
    pub(super) fn with_typed(self, beginning: &str) -> Self {
        let typed = if self.text.starts_with(beginning) { beginning.len() } else { 0 };
        Self { typed, ..self }
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
        self.is_folded_in(composer, profile)
            || (composer.is_cut && !shown.is_empty() && self.squeezed.ends_with(&shown))
    }

    /// Returns whether the composer shows the text character by character. It decides between several candidates, if a
    /// line of the text looks like the line above a composer.
    pub(super) fn is_exactly_in(&self, composer: &Composer) -> bool {
        let marks = |text: &str| text.chars().filter(|mark| !mark.is_whitespace()).collect::<String>();
        let (own, shown) = (marks(&self.text), marks(&composer.text));
        own == shown || (composer.is_cut && !shown.is_empty() && own.ends_with(&shown))
    }

    /// Returns whether the composer shows the note that stands for the pasted part, behind the typed one.
    fn is_folded_in(&self, composer: &Composer, profile: &Profile) -> bool {
        let Some(pasted) = &profile.pasted else { return false };
        let (typed, rest) = self.text.split_at(self.typed);
        let shown = composer.text.trim();
        let begins = shown.char_indices().filter(|(at, _)| *at == 0 || shown[..*at].ends_with(char::is_whitespace));
        // A note may be wrapped.
        let mut parts =
            begins.map(|(at, _)| (&shown[..at], shown[at..].split_whitespace().collect::<Vec<_>>().join(" ")));
        parts.any(|(before, note)| {
            profile.folds.fold(rest)
                && squeezed(before) == squeezed(typed)
                && pasted.captures(&note).is_some_and(|found| fits(rest, &found))
        })
    }
}

/// Returns whether a text is as long as the note says that stands for it. Programs count lines or line ends, and
/// characters, UTF-16 units or bytes.
fn fits(text: &str, note: &regex_lite::Captures<'_>) -> bool {
    let number = |name| note.name(name).and_then(|found| found.as_str().parse::<usize>().ok());
    let lines = text.split('\n').count();
    let lengths = [text.chars().count(), text.encode_utf16().count(), text.len()];
    let is_one_of = |number: usize, all: &[usize]| all.contains(&number);
    number("lines").is_none_or(|number| is_one_of(number, &[lines, lines - 1]))
        && number("chars").is_none_or(|number| is_one_of(number, &lengths))
}

impl TypedText {
    /// Counts how often the beginning and the end of the text occur in `text`.
    fn times_in(&self, text: &str) -> (usize, usize) {
        let [plain, rendered] = self.needles.each_ref().map(|needles| needles.times_in(text));
        (plain.0.max(rendered.0), plain.1.max(rendered.1))
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
            // A line of a turn may look like a note, too.
            if !kept.iter().any(|(note, beginning)| *note == at && is_ours(beginning)) {
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

    /// Returns whether there is a turn like the message, as there was before: the screen may have lost an equal one.
    pub(super) fn repeats(self, before: Self) -> bool {
        let is_equal = |now: usize, then: usize| now > 0 && now == then;
        is_equal(self.heads, before.heads) || is_equal(self.tails, before.tails) || is_equal(self.folded, before.folded)
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
