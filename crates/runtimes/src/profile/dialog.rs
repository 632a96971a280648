//! A question that stands in the way of messages.

use super::Pattern;
use crate::composer::Composer;
use crate::screen::Screen;

/// How one of a runtime's dialogs is recognised.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialog {
    /// What it asks for, in a word or two: `permission`, `trust`, `login`.
    pub name: String,
    /// A line of it.
    pub line: Pattern,
    /// Where that line is looked for.
    #[serde(default)]
    pub place: DialogPlace,
}

/// Where a dialog is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DialogPlace {
    /// In the composer's place: it is looked for only while there is none. An agent may well write the
    /// words of a dialog into its answer.
    #[default]
    Instead,
    /// Where the composer would be, and below: it looks like one.
    Within,
    /// Anywhere: it lies over the screen, and leaves the composer to be seen.
    Anywhere,
}

impl Dialog {
    /// Is it open, on this screen with this composer?
    #[must_use]
    pub fn is_on(&self, screen: &Screen, composer: Option<&Composer>) -> bool {
        let begin = match (self.place, composer) {
            (DialogPlace::Instead, Some(_)) => return false,
            (DialogPlace::Within, Some(composer)) => composer.begin,
            (_, None) | (DialogPlace::Anywhere, Some(_)) => screen.history,
        };
        screen.lines.get(begin..).is_some_and(|lines| lines.iter().any(|line| self.line.matches(&line.text)))
    }
}
