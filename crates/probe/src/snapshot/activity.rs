//! What an agent does.

use schemars::JsonSchema;
use serde::Serialize;

/// What an agent reports of itself, or what is seen on its screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivitySnapshot {
    /// `working`, `waiting`, `idle` or `blocked`.
    pub state: String,
    /// Since when (RFC 3339).
    pub since: String,
    /// For what, or by what.
    pub reason: Option<String>,
    /// What a person has to do about one that waits.
    pub waiting_for: Option<WaitingFor>,
    /// It works, and has printed nothing for so long that it may hang: since when (RFC 3339).
    pub silent_since: Option<String>,
    /// Who says so.
    pub source: ActivitySource,
    /// The model it says it uses.
    pub model: Option<String>,
    /// What it says it works on.
    pub task: Option<String>,
}

/// What a waiting agent needs of a person, by the first word of its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingFor {
    /// Leave to do something.
    Permission,
    /// The answer to a question.
    Question,
    /// A word on whether its directory may be trusted.
    Trust,
    /// Somebody who logs it in.
    Login,
    /// A quota, money, or the hour at which its limit is lifted.
    UsageLimit,
    /// Something else: its reason says.
    Other,
}

/// Where the word on an activity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActivitySource {
    /// The agent said it.
    Report,
    /// Its screen shows it.
    Screen,
}

impl WaitingFor {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Permission, Self::Question, Self::Trust, Self::Login, Self::UsageLimit, Self::Other];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Question => "question",
            Self::Trust => "trust",
            Self::Login => "login",
            Self::UsageLimit => "usage-limit",
            Self::Other => "other",
        }
    }

    /// What it is that is waited for, by the reason that was given.
    #[must_use]
    pub fn by(reason: Option<&str>) -> Self {
        let begins = |words: &str| {
            let rest = reason.and_then(|reason| reason.strip_prefix(words));
            rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric()))
        };
        match () {
            () if begins("permission") => Self::Permission,
            () if begins("question") => Self::Question,
            () if begins("trust") => Self::Trust,
            () if begins("login") => Self::Login,
            () if begins("usage limit") => Self::UsageLimit,
            () => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WaitingFor;

    #[test]
    fn a_reason_begins_with_what_is_waited_for() {
        for (reason, expected) in [
            (Some("permission: Bash"), WaitingFor::Permission),
            (Some("permission"), WaitingFor::Permission),
            (Some("permissions are odd"), WaitingFor::Other),
            (Some("question: which branch?"), WaitingFor::Question),
            (Some("trust"), WaitingFor::Trust),
            (Some("login: 401"), WaitingFor::Login),
            (Some("usage limit, until 3 pm"), WaitingFor::UsageLimit),
            (Some("dialog: model"), WaitingFor::Other),
            (Some(""), WaitingFor::Other),
            (None, WaitingFor::Other),
        ] {
            assert_eq!(WaitingFor::by(reason), expected, "{reason:?}");
        }
    }
}
