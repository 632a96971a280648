//! The profile of a runtime: everything that is known of an agent program, as data.
//!
//! The directory `framework/fleet/runtimes` has the shipped profiles. A file of the same name in
//! `MOSAIC_HOME/fleet/runtimes` replaces a shipped profile, and a file of another name adds a runtime.

use std::io;
use std::path::{Path, PathBuf};

use serde_saphyr::{DefaultMessageFormatter, MessageFormatter as _};

use crate::{
    Composer, ComposerForm, Dialog, LaunchProfile, Notice, OlderVersions, Pattern, Screen, Signs, StatusFile, Titles,
};

/// The profile of one runtime.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The versions of the program that the profile was tested with.
    #[serde(default)]
    pub tested_with: Vec<String>,
    /// What differs for older versions of the program, the newest of them first. All other keys describe the newest.
    #[serde(default)]
    pub older: Vec<OlderVersions>,
    /// The npm packages of the program, from whose `package.json` its version is read. The first is the one that goes on;
    /// the others are what it was called before.
    #[serde(default)]
    pub packages: Vec<String>,
    /// How the program is installed, launched and updated. A runtime without this section is not launched by
    /// `mosaic NAME`; in a site's replacement for a shipped profile, the shipped section applies.
    #[serde(default)]
    pub launch: Option<LaunchProfile>,
    /// The names of the program's processes, by which the runtime of a pane outside the roster is recognized.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Where typed text appears.
    pub composer: ComposerForm,
    /// What the composer shows in place of a long text; groups named `lines` and `chars` capture its length.
    #[serde(default)]
    pub pasted: Option<Pattern>,
    /// The shortest texts that the composer shows in this way.
    #[serde(default)]
    pub folds: Folds,
    /// A line that shows a message which the program keeps for later; a group `text` captures its beginning. Without
    /// that group, the line is a mark below a turn that is kept.
    #[serde(default)]
    pub queued: Signs,
    /// What the program draws at the right of a turn, such as the time of day.
    #[serde(default)]
    pub margin: Option<Pattern>,
    /// A line that is shown only while the program works. What a group named `styled` matches has to be faint or in a
    /// color of its own, because an agent's answer may contain the same words.
    #[serde(default)]
    pub busy: Signs,
    /// Lines of which one is shown while the program waits for a message. Without them, a composer suffices; with them, a
    /// screen of an unknown version with neither a `busy` nor an `idle` line says nothing.
    #[serde(default)]
    pub idle: Signs,
    /// What the title of the terminal says.
    #[serde(default)]
    pub titles: Titles,
    /// The dialogs in which a person has to choose something.
    #[serde(default)]
    pub dialogs: Vec<Dialog>,
    /// A file in which the program says what it does.
    #[serde(default)]
    pub status_file: Option<StatusFile>,
    /// What the program says above its composer when it cannot go on.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// Whether a message begins with a preamble that names its sender. A shell would take that for a command.
    #[serde(default = "preamble_by_default")]
    pub preamble: bool,
    /// Whether the preamble is typed and only the text behind it is pasted: some programs tell the model not to trust what
    /// was pasted.
    #[serde(default)]
    pub typed_preamble: bool,
    /// The longest text that is typed, in bytes. A longer text is put into a file, or refused.
    #[serde(default = "longest_by_default")]
    pub longest: usize,
    /// Characters that the composer changes. A text with one of them is put into a file, or refused.
    #[serde(default)]
    pub changes: String,
    /// Whether the program can be asked to read a file.
    #[serde(default)]
    pub reads_files: bool,
    /// What is typed after a text that ends with a backslash, so that Enter is not taken for a part of the text.
    #[serde(default)]
    pub after_backslash: String,
    /// The characters with which a word begins that the program offers to complete. A blank is typed after a text that ends in
    /// such a word, so that Enter does not choose a completion.
    #[serde(default)]
    pub completes: String,
    /// The characters that make a text which begins with one of them a command.
    #[serde(default)]
    pub commands: String,
    /// How the conversation is cleared. Without it, the agent's service is restarted.
    #[serde(default)]
    pub reset: Option<ResetCommands>,
}

/// The shortest texts in whose place a composer shows a note. A shorter text is shown as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Folds {
    /// From that many lines on.
    pub lines: usize,
    /// From that many characters on.
    pub characters: usize,
}

impl Default for Folds {
    /// The smallest ones of all programs.
    fn default() -> Self {
        Self { lines: 3, characters: 150 }
    }
}

impl Folds {
    /// Returns whether a composer may show a note in place of this text.
    #[must_use]
    pub fn fold(&self, text: &str) -> bool {
        // Programs count characters, UTF-16 units or bytes; there are never fewer bytes.
        text.split('\n').count() >= self.lines || text.len() >= self.characters
    }
}

/// The commands that clear a conversation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetCommands {
    /// Clears the conversation.
    pub clear: String,
    /// Starts another conversation and keeps the old one.
    pub new: String,
}

/// What a screen says about the program's activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenSign {
    /// A dialog is open, or the program cannot go on: the name of the dialog or the notice in the profile, and what the
    /// notice says.
    Dialog(String),
    /// The program works.
    Busy,
    /// The program shows its composer and does not work.
    Ready,
}

/// A profile that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("cannot read the runtime profile {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The file is not a profile.
    #[error(
        "{}{}: {message}",
        .path.display(),
        .position.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default()
    )]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line and the column of the error, from 1, if they are known.
        position: Option<(u64, u64)>,
        /// What is wrong, and what is expected.
        message: String,
    },
}

/// Describes what is wrong, in one line.
fn describe_yaml_error(error: &serde_saphyr::Error) -> String {
    match error.without_snippet() {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown key '{}': expected one of {}", field.escape_debug(), expected.join(", "))
        }
        other => {
            let message = DefaultMessageFormatter.format_message(other);
            message.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}

/// The longest paste that programs were seen to accept reliably.
fn longest_by_default() -> usize {
    64 << 10
}

fn preamble_by_default() -> bool {
    true
}

impl Profile {
    /// The only version of the format.
    pub const VERSION: u32 = 1;

    /// Parses a profile; errors name `path`.
    ///
    /// # Errors
    /// The text is not a profile.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ProfileError> {
        let invalid = |position, message| ProfileError::Invalid { path: path.to_owned(), position, message };
        let mut profile: Self = serde_saphyr::from_str(text).map_err(|error| {
            let position = error.location().map(|at| (at.line(), at.column())).filter(|(line, _)| *line > 0);
            invalid(position, describe_yaml_error(&error))
        })?;
        if profile.version != Self::VERSION {
            return Err(invalid(None, format!("version is {}, expected {}", profile.version, Self::VERSION)));
        }
        profile.resolve_older(text).map_err(|message| invalid(None, message))?;
        Ok(profile)
    }

    /// Returns the dialog that is open on a screen.
    #[must_use]
    pub fn dialog_on(&self, screen: &Screen) -> Option<&Dialog> {
        self.dialog_with(screen, Composer::find(&self.composer, screen).as_ref())
    }

    fn dialog_with(&self, screen: &Screen, composer: Option<&Composer>) -> Option<&Dialog> {
        self.dialogs.iter().find(|dialog| dialog.is_on(screen, composer))
    }

    fn notice_with(&self, screen: &Screen, composer: &Composer) -> Option<String> {
        self.notices.iter().find_map(|notice| notice.on(screen, composer))
    }

    /// Returns whether the screen or the title shows that the program works.
    #[must_use]
    pub fn is_busy_on(&self, screen: &Screen) -> bool {
        self.is_busy_with(screen, Composer::find(&self.composer, screen).as_ref())
    }

    /// Returns whether a screen with this composer, or the title, shows that the program works.
    #[must_use]
    pub fn is_busy_with(&self, screen: &Screen, composer: Option<&Composer>) -> bool {
        self.titles.say_working(&screen.title) || self.busy.last_on(screen, composer, None).is_some()
    }

    /// Returns the notes on a screen with this composer that the program keeps messages for later: the index of the line,
    /// and the beginning of the message if the note has it.
    #[must_use]
    pub fn queued_on(&self, screen: &Screen, composer: Option<&Composer>) -> Vec<(usize, Option<String>)> {
        if self.queued.is_empty() {
            return Vec::new();
        }
        let busy = self.busy.last_on(screen, composer, None);
        self.queued.texts_on(screen, composer, busy)
    }

    /// Returns what a screen and its title say about the program's activity; `None` if they say nothing, or if nothing is
    /// known of how the program shows that it works, without which an idle program cannot be distinguished from a working
    /// one. A title never hides a dialog.
    #[must_use]
    pub fn sign_on(&self, screen: &Screen) -> Option<ScreenSign> {
        let composer = Composer::find(&self.composer, screen);
        if let Some(dialog) = self.dialog_with(screen, composer.as_ref()) {
            return Some(ScreenSign::Dialog(dialog.name.clone()));
        }
        if self.titles.say_waiting(&screen.title) {
            return Some(ScreenSign::Dialog(Titles::WAITING.to_owned()));
        }
        if self.is_busy_with(screen, composer.as_ref()) {
            return Some(ScreenSign::Busy);
        }
        if let Some(notice) = composer.as_ref().and_then(|composer| self.notice_with(screen, composer)) {
            return Some(ScreenSign::Dialog(notice));
        }
        let tells_work = !self.busy.is_empty() || self.titles.working.is_some();
        let is_idle = self.idle.is_empty()
            || self.titles.say_idle(&screen.title)
            || self.idle.last_on(screen, composer.as_ref(), None).is_some();
        composer.filter(|_| tells_work && is_idle).map(|_| ScreenSign::Ready)
    }

    /// Returns the line of a turn without what the program draws at its right.
    #[must_use]
    pub fn without_margin<'a>(&self, line: &'a str) -> &'a str {
        let margin = self.margin.as_ref().and_then(|margin| margin.captures(line)?.get(0));
        margin.map_or(line, |margin| &line[..margin.start()])
    }

    /// Returns what is typed after a text, so that Enter does nothing but submit it.
    #[must_use]
    pub fn ending_of(&self, text: &str) -> &str {
        let last = text.rsplit(char::is_whitespace).next().unwrap_or_default();
        match last.chars().next() {
            _ if text.ends_with('\\') => &self.after_backslash,
            Some(first) if self.completes.contains(first) => " ",
            _ => "",
        }
    }

    /// Returns whether the program takes the text for a command.
    #[must_use]
    pub fn is_command(&self, text: &str) -> bool {
        text.chars().next().is_some_and(|first| self.commands.contains(first))
    }
}
