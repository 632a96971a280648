//! What shows that a program works, waits for a message, or keeps one for later: lines of its screen, and its title.

use crate::{Composer, Pattern, Screen};

/// Lines of which each shows the same thing.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(from = "SignsText")]
pub struct Signs(Vec<Sign>);

/// A line that shows something, where it is.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sign {
    /// The line.
    line: Pattern,
    /// Where on the screen it is searched for.
    #[serde(default)]
    place: SignPlace,
}

/// Where a line is searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum SignPlace {
    /// Anywhere.
    #[default]
    Anywhere,
    /// Below the composer, while there is one.
    Below,
    /// Between the line that shows that the program works, and the composer.
    BelowBusy,
}

/// How signs are written: one pattern for lines anywhere, one with its place, or several.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
enum SignsText {
    /// One or several signs with their places.
    Several(Vec<SignText>),
    /// One sign.
    One(SignText),
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
enum SignText {
    /// A line in a certain place.
    Placed(Sign),
    /// A line anywhere.
    Anywhere(Pattern),
}

impl From<SignsText> for Signs {
    fn from(text: SignsText) -> Self {
        let all = match text {
            SignsText::Several(all) => all,
            SignsText::One(one) => Vec::from([one]),
        };
        let sign = |text| match text {
            SignText::Placed(sign) => sign,
            SignText::Anywhere(line) => Sign { line, place: SignPlace::Anywhere },
        };
        Self(all.into_iter().map(sign).collect())
    }
}

impl Signs {
    /// Returns whether nothing is known that shows it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the index of the last line on the screen that shows it.
    pub(crate) fn last_on(&self, screen: &Screen, composer: Option<&Composer>, busy: Option<usize>) -> Option<usize> {
        let last = |sign: &Sign| {
            sign.place.lines(screen, composer, busy).rev().find(|at| sign.line.matches_styled(&screen.lines, *at))
        };
        self.0.iter().filter_map(last).max()
    }

    /// Returns all lines on the screen that show it, with what the group `text` captures.
    pub(crate) fn texts_on(
        &self,
        screen: &Screen,
        composer: Option<&Composer>,
        busy: Option<usize>,
    ) -> Vec<(usize, Option<String>)> {
        let mut all = Vec::new();
        for sign in &self.0 {
            for at in sign.place.lines(screen, composer, busy) {
                let is_within = composer.is_some_and(|composer| (composer.begin..composer.end).contains(&at));
                let Some(line) = sign.line.matching(&screen.lines, at).filter(|_| !is_within) else { continue };
                let text = sign
                    .line
                    .captures(&line.text)
                    .and_then(|found| found.name("text").map(|text| text.as_str().to_owned()));
                all.push((at, text));
            }
        }
        all
    }
}

impl SignPlace {
    fn lines(self, screen: &Screen, composer: Option<&Composer>, busy: Option<usize>) -> std::ops::Range<usize> {
        let end = screen.lines.len();
        match (self, composer) {
            (Self::Below, Some(composer)) => composer.end..end,
            (Self::BelowBusy, composer) => match busy {
                Some(busy) => busy + 1..composer.map_or(end, |composer| composer.begin),
                None => end..end,
            },
            (Self::Anywhere, _) | (Self::Below, None) => screen.history..end,
        }
    }
}

/// What the title that a program gives its terminal says. Programs of which nothing is known here keep one title.
#[derive(Clone, Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Titles {
    /// The title while the program works.
    #[serde(default)]
    pub working: Option<Pattern>,
    /// The title while a dialog is open.
    #[serde(default)]
    pub waiting: Option<Pattern>,
    /// The title while the program waits for a message. It counts only while a composer is shown.
    #[serde(default)]
    pub idle: Option<Pattern>,
}

impl Titles {
    /// The name of a dialog that only the title tells.
    pub const WAITING: &str = "action required";

    pub(crate) fn say_working(&self, title: &str) -> bool {
        self.working.as_ref().is_some_and(|working| working.matches(title))
    }

    pub(crate) fn say_waiting(&self, title: &str) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.matches(title))
    }

    pub(crate) fn say_idle(&self, title: &str) -> bool {
        self.idle.as_ref().is_some_and(|idle| idle.matches(title))
    }
}
