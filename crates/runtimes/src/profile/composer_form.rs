//! How a composer looks.

use super::Pattern;

/// Where the text that is being written stands on the screen.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a profile, and few profiles")]
pub enum ComposerForm {
    /// A part of the screen that the program draws.
    Box {
        /// The line above it. Without, it begins with the lowest line that is a `first` one.
        #[serde(default)]
        above: Option<Pattern>,
        /// Its first line; its first group is the text in it.
        first: Pattern,
        /// Its other lines; the first group is the text in them. As the first one, if left out.
        #[serde(default)]
        next: Option<Pattern>,
        /// The line below it. Without, it goes on to the last line that is not blank.
        #[serde(default)]
        below: Option<Pattern>,
        /// A text that the program shows while there is none.
        #[serde(default)]
        placeholder: Option<Pattern>,
        /// A line that says that there is more of the text above: the one above it, in the place of an
        /// `above` one, or its first.
        #[serde(default)]
        scrolled: Option<Pattern>,
        /// It shows so many lines at the most, and of a longer text the last ones, without a word.
        #[serde(default)]
        tallest: Option<usize>,
    },
    /// The line of the cursor, behind a prompt: a shell, a REPL. Of a message each line is entered by
    /// itself.
    Line {
        /// The whole line while nothing was typed.
        prompt: Pattern,
    },
}
