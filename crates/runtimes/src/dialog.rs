//! Dialogs: questions that a program asks a person, and that stand in the way of messages.

use crate::{Composer, Pattern, Screen};

/// How one of a runtime's dialogs is recognized.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialog {
    /// What the dialog asks for, in a word or two: `permission`, `trust`, `login`.
    pub name: String,
    /// A line of the dialog.
    pub line: Pattern,
    /// Where on the screen that line is searched for.
    #[serde(default)]
    pub place: DialogPlace,
}

/// Where a dialog is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DialogPlace {
    /// In place of the composer. The dialog is searched for only while there is no composer, because an agent's answer
    /// may contain the words of a dialog.
    #[default]
    Instead,
    /// Where the composer is, and below: the dialog looks like a composer.
    Within,
    /// Anywhere: the dialog covers a part of the screen, and the composer stays visible.
    Anywhere,
}

impl Dialog {
    /// Returns whether the dialog is open on a screen with this composer.
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
