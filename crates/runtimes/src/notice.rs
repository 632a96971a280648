//! What a program says of its last turn above the composer, such as that the login has expired.

use crate::{Composer, Pattern, Screen};

/// Why a program cannot go on although it takes text.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What is missing: `login` or `usage limit`.
    pub name: String,
    /// The line that says so, in a color of its own or faintly: answers are drawn plainly. What a group `text` captures is reported,
    /// such as until when.
    pub line: Pattern,
}

/// The longest text of a notice that is reported, in characters.
const LONGEST: usize = 120;

impl Notice {
    /// Returns what is missing if the notice is the last thing above the composer: a turn below it has gone on.
    pub(crate) fn on(&self, screen: &Screen, composer: &Composer) -> Option<String> {
        let above = (screen.history..composer.begin).rev();
        // The line above the text is the composer's.
        let mut drawn = above.skip(1).take_while(|at| screen.lines[*at].plain.trim().is_empty());
        let line = drawn.find_map(|at| self.line.matching(&screen.lines, at))?;
        let text =
            self.line.captures(&line.text).and_then(|found| found.name("text").map(|text| text.as_str().to_owned()));
        Some(match text {
            Some(text) => format!("{}: {}", self.name, text.trim().chars().take(LONGEST).collect::<String>()),
            None => self.name.clone(),
        })
    }
}
