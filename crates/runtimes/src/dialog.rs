//! The dialogs of a runtime: how they are recognized.

use crate::composer::cursor_line;
use crate::{Composer, DialogAnswers, Pattern, Screen};

/// How one of a runtime's dialogs is recognized.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialog {
    /// What the dialog asks for, in a word or two: `permission`, `trust`, `login`.
    pub name: String,
    /// A line of the dialog.
    pub line: Pattern,
    /// The line above that one. Blank lines between them do not count.
    #[serde(default)]
    pub after: Option<Pattern>,
    /// Where on the screen that line is searched for.
    #[serde(default)]
    pub place: DialogPlace,
    /// How its answers are recognized and given. Without it, a person presses keys.
    #[serde(default)]
    pub answers: Option<DialogAnswers>,
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
    /// In the frame of the composer.
    Inside,
    /// Anywhere: the dialog covers a part of the screen, and the composer stays visible.
    Anywhere,
    /// In the middle of the screen, on a background of its own that the lines above and below share.
    Panel,
    /// On the line of the cursor, up to the cursor. Questions above it have been answered.
    Cursor,
}

impl Dialog {
    /// Returns whether the dialog is open on a screen with this composer.
    #[must_use]
    pub fn is_on(&self, screen: &Screen, composer: Option<&Composer>) -> bool {
        self.line_on(screen, composer).is_some()
    }

    /// Returns the index of the lowest line by which the dialog is recognized; `None` if it is not open.
    pub(crate) fn line_on(&self, screen: &Screen, composer: Option<&Composer>) -> Option<usize> {
        let end = screen.lines.len();
        let rows = match (self.place, composer) {
            (DialogPlace::Cursor, _) => return self.is_at_cursor(screen).then_some(screen.cursor_line),
            (DialogPlace::Instead, Some(_)) | (DialogPlace::Inside, None) => return None,
            (DialogPlace::Within, Some(composer)) => composer.begin..end,
            (DialogPlace::Inside, Some(composer)) => composer.begin..composer.end,
            (_, None) | (DialogPlace::Anywhere | DialogPlace::Panel, Some(_)) => screen.history..end,
        };
        let is_in_place = |at: usize| self.place != DialogPlace::Panel || is_in_panel(screen, at);
        let is_here = |at: usize| self.line.matching(&screen.lines, at).is_some() && self.is_after(screen, at);
        rows.rev().find(|at| is_here(*at) && is_in_place(*at))
    }

    fn is_at_cursor(&self, screen: &Screen) -> bool {
        cursor_line(screen, None).is_some_and(|(begin, line)| self.line.matches(&line) && self.is_after(screen, begin))
    }

    /// Returns whether the line above this one is the one that the dialog has there.
    fn is_after(&self, screen: &Screen, at: usize) -> bool {
        let Some(after) = &self.after else { return true };
        screen.lines[..at].iter().rev().find(|line| !line.text.is_empty()).is_some_and(|line| after.matches(&line.text))
    }
}

/// Returns whether the text of a line is in the middle of the screen on a background that the lines above and below share.
fn is_in_panel(screen: &Screen, at: usize) -> bool {
    let column = screen.lines[at].text.chars().take_while(|character| character.is_whitespace()).count();
    let panel = |at: usize| screen.lines.get(at).and_then(|line| line.panel_at(column));
    let Some((begin, end)) = panel(at) else { return false };
    let is_centered = begin.abs_diff(screen.width.saturating_sub(end)) <= 2;
    is_centered && at.checked_sub(1).and_then(panel) == Some((begin, end)) && panel(at + 1) == Some((begin, end))
}
