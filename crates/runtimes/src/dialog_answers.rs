//! The answers that a dialog offers, read from the screen that shows it. An answer is chosen by what it means, because the
//! same place has another meaning in another version of a program.

use std::fmt;
use std::str::FromStr;

use crate::{Composer, Dialog, Pattern, Profile, Screen, letters};

/// How the answers of a dialog are recognized and given.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DialogAnswers {
    /// A line with an answer: a group `label` captures its text, a group `key` the key that gives it, and a group `selected` the
    /// mark of the one that Enter gives. A line may contain several answers without keys.
    pub option: Pattern,
    /// The first line of the question, above the line by which the dialog is recognized.
    #[serde(default)]
    pub begins: Option<Pattern>,
    /// The label of the answer that allows what is asked for, from now on.
    #[serde(default)]
    pub allow: Option<Pattern>,
    /// The label of the answer that allows it this time only.
    #[serde(default)]
    pub allow_once: Option<Pattern>,
    /// The label of the answer that refuses it.
    #[serde(default)]
    pub deny: Option<Pattern>,
    /// The key that goes on to the next answer, if no key gives an answer directly. Enter then gives the one that is marked, or
    /// that alone has its background.
    #[serde(default)]
    pub next: Option<String>,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Allow what is asked for, from now on.
    Allow,
    /// Allow it this time only.
    AllowOnce,
    /// Refuse it.
    Deny,
    /// The answer with this label.
    Label(String),
}

impl FromStr for Answer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "" => Err("expected allow, allow-once, deny, or the text of one of the answers"),
            "allow" => Ok(Self::Allow),
            "allow-once" => Ok(Self::AllowOnce),
            "deny" => Ok(Self::Deny),
            label => Ok(Self::Label(label.to_owned())),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::AllowOnce => "allow-once",
            Self::Deny => "deny",
            Self::Label(label) => label,
        })
    }
}

/// One of the answers that an open dialog offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedAnswer {
    /// Its text on the screen.
    pub label: String,
    /// The key that gives it.
    pub key: Option<String>,
    /// Whether Enter gives it, as far as that can be seen.
    pub is_selected: bool,
    /// What it means, if the profile knows that.
    pub means: Option<Answer>,
    /// The line of the screen that shows it.
    pub line: String,
}

/// A dialog that is open on a screen.
#[derive(Clone, Debug)]
pub struct OpenDialog<'p> {
    /// The dialog in the profile.
    pub dialog: &'p Dialog,
    /// Identifies what is asked: a hash of the letters of the question and its answers.
    pub question: String,
    /// The lines of the question, with its answers.
    pub text: Vec<String>,
    /// The answers; empty if the profile does not say how they look.
    pub answers: Vec<OfferedAnswer>,
}

/// An answer that is not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerChoiceError {
    /// No answer of the dialog is meant.
    #[error("none of the answers means '{wanted}'; the dialog offers: {}", .offered.join(" | "))]
    NotOffered {
        /// What was to be answered.
        wanted: String,
        /// The labels of the answers.
        offered: Vec<String>,
    },
    /// Several answers can be meant.
    #[error("several answers can mean '{wanted}': {}", .offered.join(" | "))]
    Ambiguous {
        /// What was to be answered.
        wanted: String,
        /// The labels of these answers.
        offered: Vec<String>,
    },
}

impl OpenDialog<'_> {
    /// Returns the answer that is meant.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn choose(&self, wanted: &Answer) -> Result<&OfferedAnswer, AnswerChoiceError> {
        let is_meant = |offered: &&OfferedAnswer| match wanted {
            Answer::Label(label) => letters(label) == letters(&offered.label) && !letters(label).is_empty(),
            meaning => offered.means.as_ref() == Some(meaning),
        };
        let meant: Vec<&OfferedAnswer> = self.answers.iter().filter(is_meant).collect();
        let labels = |answers: &[&OfferedAnswer]| answers.iter().map(|answer| answer.label.clone()).collect();
        match meant.as_slice() {
            [one] => Ok(one),
            [] => Err(AnswerChoiceError::NotOffered {
                wanted: wanted.to_string(),
                offered: labels(&self.answers.iter().collect::<Vec<_>>()),
            }),
            several => Err(AnswerChoiceError::Ambiguous { wanted: wanted.to_string(), offered: labels(several) }),
        }
    }
}

impl Profile {
    /// Returns the dialog that is open on a screen, with its answers.
    #[must_use]
    pub fn open_dialog(&self, screen: &Screen) -> Option<OpenDialog<'_>> {
        let dialog = self.dialog_on(screen)?;
        let composer = Composer::find(&self.composer, screen);
        let at = dialog.line_on(screen, composer.as_ref())?;
        let begins = dialog.answers.as_ref().and_then(|answers| answers.begins.as_ref());
        let above =
            (screen.history..=at).rev().find(|at| begins.is_some_and(|begins| begins.matches(&screen.lines[*at].text)));
        let begin = above.unwrap_or(at);
        let text: Vec<String> = screen.lines[begin..].iter().map(|line| line.text.clone()).collect();
        let end = text.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
        let text = text[..end].to_vec();
        let offered = |from| dialog.answers.as_ref().map(|answers| answers.on(screen, from)).unwrap_or_default();
        let is_answer = |line: &str| dialog.answers.as_ref().is_some_and(|answers| answers.option.matches(line));
        // What is asked for may itself contain lines like answers, so those below the dialog's line come first.
        let below: Vec<OfferedAnswer> = if is_answer(&screen.lines[at].text) { Vec::new() } else { offered(at + 1) };
        let answers = if below.is_empty() { offered(begin) } else { below };
        Some(OpenDialog { dialog, question: question_id(&text), text, answers })
    }
}

impl DialogAnswers {
    fn on(&self, screen: &Screen, begin: usize) -> Vec<OfferedAnswer> {
        let mut answers = Vec::new();
        for line in &screen.lines[begin..] {
            let mut from = 0;
            while let Some(found) = self.option.captures(&line.text[from..]) {
                let Some(label) = found.name("label").filter(|label| !label.is_empty()) else { break };
                let key = found.name("key").map(|key| key.as_str().to_owned());
                let column = line.text[..from + label.start()].chars().count();
                let text = label.as_str().trim().to_owned();
                let background = line.background_at(column).to_owned();
                let means = self.meaning_of(&text);
                let has_key = key.is_some();
                let is_selected = found.name("selected").is_some_and(|mark| !mark.as_str().trim().is_empty());
                let answer = OfferedAnswer { label: text, key, is_selected, means, line: line.text.clone() };
                answers.push((answer, background));
                if has_key {
                    break;
                }
                from += label.end();
            }
        }
        let backgrounds: Vec<String> = answers.iter().map(|(_, background)| background.clone()).collect();
        let is_alone =
            |own: &String| backgrounds.len() > 2 && backgrounds.iter().filter(|other| *other == own).count() == 1;
        let shares = backgrounds.iter().filter(|own| is_alone(own)).count() == 1;
        let select = |(answer, background): (OfferedAnswer, String)| {
            let is_selected = answer.is_selected || (shares && is_alone(&background));
            OfferedAnswer { is_selected, ..answer }
        };
        answers.into_iter().map(select).collect()
    }

    fn meaning_of(&self, label: &str) -> Option<Answer> {
        let is = |pattern: &Option<Pattern>| pattern.as_ref().is_some_and(|pattern| pattern.matches(label));
        match (is(&self.allow), is(&self.allow_once), is(&self.deny)) {
            (true, false, false) => Some(Answer::Allow),
            (false, true, false) => Some(Answer::AllowOnce),
            (false, false, true) => Some(Answer::Deny),
            _ => None,
        }
    }
}

/// Returns a short hash (FNV-1a) of the letters of a question: pointers and frames move while it is the same question.
fn question_id(text: &[String]) -> String {
    let letters = letters(&text.join("\n"));
    let hash = letters
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Answer, AnswerChoiceError};
    use crate::{Profile, Screen};

    const PROFILE: &str = r"
version: 1
composer: {kind: box, first: '^> (.*)$'}
dialogs:
  - name: permission
    line: '^ Proceed\?$'
    answers:
      option: '^[ >]*(?<key>\d)\. (?<label>\S.*)$'
      begins: '^-{5}$'
      allow-once: '^Yes$'
      deny: '^No'
";

    fn profile() -> Profile {
        Profile::parse(PROFILE, Path::new("profile")).unwrap()
    }

    fn key(answers: &str, wanted: &str) -> Result<String, AnswerChoiceError> {
        let screen = Screen::from_text(&format!("1. Yes\n-----\n touch x\n Proceed?\n{answers}"));
        let profile = profile();
        let open = profile.open_dialog(&screen).unwrap();
        open.choose(&wanted.parse().unwrap()).map(|answer| answer.key.clone().unwrap())
    }

    #[test]
    fn an_answer_is_chosen_by_its_meaning_or_its_label_and_never_by_its_place() {
        let known = " > 1. Yes\n   2. Yes, and always\n   3. No, stop";
        let newer = " > 1. No\n   2. Yes\n   3. Yes, and switch to auto mode";
        for (answers, wanted, expected) in [
            (known, "allow-once", "1"),
            (known, "deny", "3"),
            (newer, "allow-once", "2"),
            (newer, "deny", "1"),
            (newer, "yes, and switch to auto mode", ""),
            (newer, "Yes, and switch to auto mode", "3"),
            (known, "Yes", "1"),
            (" 1. Yes\n 2. Yes", "allow-once", ""),
            (" 1. No\n 2. No, exit", "deny", ""),
            (" 1. Perhaps", "allow-once", ""),
            (known, "stop", ""),
        ] {
            let chosen = key(answers, wanted);
            assert_eq!(chosen.clone().unwrap_or_default(), expected, "{wanted} of {answers}: {chosen:?}");
        }
        assert!(matches!(key(" 1. Yes\n 2. Yes", "allow-once"), Err(AnswerChoiceError::Ambiguous { .. })));
        assert!(matches!(key(known, "stop"), Err(AnswerChoiceError::NotOffered { offered, .. }) if offered.len() == 3));
    }

    #[test]
    fn what_is_asked_for_cannot_offer_an_answer() {
        let screen = Screen::from_text("-----\n 1. Yes\n Proceed?\n 1. Perhaps\n 2. No");
        let profile = profile();
        let open = profile.open_dialog(&screen).unwrap();
        assert!(matches!(open.choose(&Answer::AllowOnce), Err(AnswerChoiceError::NotOffered { .. })));
    }

    #[test]
    fn the_marked_answer_is_selected_where_no_key_gives_one() {
        let profile = PROFILE
            .replace(r"^[ >]*(?<key>\d)\. (?<label>\S.*)$", r"^ (?<selected>>)? *(?:(?<key>\d)\. )?(?<label>Yes|No)$");
        let profile_text = profile;
        let profile = Profile::parse(&profile_text, Path::new("p")).unwrap();
        let screen = Screen::from_text("-----\n Proceed?\n > No\n   Yes");
        let open = profile.open_dialog(&screen).unwrap();
        let read: Vec<_> = open.answers.iter().map(|answer| (answer.label.as_str(), answer.is_selected)).collect();
        assert_eq!(read, [("No", true), ("Yes", false)]);
        // The dialog may be recognized by one of its answers.
        let by_answer = Profile::parse(&profile_text.replace(r"^ Proceed\?$", "Yes$"), Path::new("p")).unwrap();
        for screen in [&screen, &Screen::from_text("-----\n Proceed?\n > Yes\n   No")] {
            assert_eq!(by_answer.open_dialog(screen).unwrap().answers.len(), 2);
        }
        let numbered = Screen::from_text("-----\n Proceed?\n > 1. No\n   2. Yes");
        assert_eq!(
            profile.open_dialog(&numbered).unwrap().choose(&Answer::AllowOnce).unwrap().key.as_deref(),
            Some("2")
        );
    }

    #[test]
    fn a_question_is_the_same_while_only_the_pointer_moves() {
        let id = |text: &str| profile().open_dialog(&Screen::from_text(text)).unwrap().question;
        let asked = id("-----\n touch x\n Proceed?\n > 1. Yes\n   2. No");
        assert_eq!(id("other\n-----\n  touch x\n Proceed?\n   1. Yes\n > 2. No\n\n"), asked);
        assert_ne!(id("-----\n touch y\n Proceed?\n > 1. Yes\n   2. No"), asked);
    }

    #[test]
    fn the_selected_answer_has_a_background_of_its_own() {
        let profile =
            PROFILE.replace(r"^[ >]*(?<key>\d)\. (?<label>\S.*)$", "(?<label>Allow once|Allow always|Reject)");
        let profile =
            Profile::parse(&profile.replace("^Yes$", "^Allow once$").replace("^No", "^Reject$"), Path::new("p"))
                .unwrap();
        let line = "\x1b[48;5;1m Allow once \x1b[48;5;2m Allow always   Reject\x1b[0m";
        let screen = Screen::from_text(&format!("-----\n Proceed?\n{line}"));
        let open = profile.open_dialog(&screen).unwrap();
        let read: Vec<_> = open.answers.iter().map(|answer| (answer.label.as_str(), answer.is_selected)).collect();
        assert_eq!(read, [("Allow once", true), ("Allow always", false), ("Reject", false)]);
        assert_eq!(open.choose(&Answer::Deny).unwrap().label, "Reject");
    }
}
