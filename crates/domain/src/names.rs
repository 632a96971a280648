//! Validated names: of agents, of runtimes, of the fleet's tmux socket and of the holder's session.
//!
//! These names become parts of paths, tmux targets, unit names, shell commands and metric labels. A value
//! of one of these types is the proof that it may: it has no character that means something to any of
//! them.

use std::fmt;
use std::str::FromStr;

/// Defines a name type over `String` that holds 1 to 64 characters, with `as_str`, `FromStr` and
/// `Display`, and the error of its `FromStr`.
macro_rules! name_type {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident;
        error: $invalid:ident, $message:expr;
        first: $first:expr;
        others: $others:expr;
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        #[doc = concat!("The error of parsing a text that is not a valid [`", stringify!($name), "`].")]
        #[derive(Debug, PartialEq, Eq, thiserror::Error)]
        #[error("'{}' is not {}", .given.escape_debug(), $message)]
        pub struct $invalid {
            given: String,
        }

        impl FromStr for $name {
            type Err = $invalid;

            fn from_str(given: &str) -> Result<Self, Self::Err> {
                if is_valid_name(given, $first, $others) {
                    Ok(Self(given.to_owned()))
                } else {
                    Err($invalid { given: given.to_owned() })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

/// Returns whether `given` has 1 to 64 bytes, begins with an ASCII letter, an ASCII digit or a byte of
/// `first`, and has otherwise only ASCII letters, ASCII digits and bytes of `others`.
fn is_valid_name(given: &str, first: &[u8], others: &[u8]) -> bool {
    let allowed = |also: &[u8], byte: u8| byte.is_ascii_alphanumeric() || also.contains(&byte);
    given.len() <= 64
        && given.bytes().next().is_some_and(|byte| allowed(first, byte))
        && given.bytes().all(|byte| allowed(others, byte))
}

name_type! {
    /// The name of an agent, which is also the name of its tmux session: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`.
    ///
    /// It never starts with `_`, as the holder's session does, or with `-`, as an option does. It has none
    /// of tmux's `.`, `:` and `=`, no character that a shell interprets, and no `/`.
    pub struct AgentName;
    error: InvalidAgentName, format_args!("an agent name: {}", AgentName::RULE);
    first: b"";
    others: b"_-";
}

impl AgentName {
    /// The rule for names, for error messages and help texts.
    pub const RULE: &str =
        "an agent name is 1 to 64 letters, digits, '_' or '-' (ASCII), and starts with a letter or digit";
}

name_type! {
    /// The name of an agent's runtime (`claude`, `codex`, `pi`, `opencode`, or one that a site adds):
    /// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
    ///
    /// It becomes a word of the default command, `mosaic yolo RUNTIME`, which a shell reads.
    pub struct RuntimeName;
    error: InvalidRuntimeName,
        "a runtime name: it is 1 to 64 letters, digits, '.', '_' or '-' (ASCII), and starts with a letter or digit";
    first: b"";
    others: b"._-";
}

impl RuntimeName {
    /// The runtime of an agent for which none is set.
    pub const DEFAULT: &str = "pi";
}

impl Default for RuntimeName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

name_type! {
    /// The name of a fleet's tmux socket (`tmux -L`): `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
    ///
    /// tmux appends it to a directory, which a `/` in it would leave.
    pub struct SocketName;
    error: InvalidSocketName,
        "a tmux socket name: it is 1 to 64 letters, digits, '.', '_' or '-' (ASCII), and starts with a letter or digit";
    first: b"";
    others: b"._-";
}

impl SocketName {
    /// The socket of a fleet for which none is set.
    pub const DEFAULT: &str = "mosaic-factory";
}

impl Default for SocketName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

name_type! {
    /// The name of the holder's session, which keeps the tmux server alive: `[A-Za-z0-9_][A-Za-z0-9_-]{0,63}`.
    ///
    /// A leading `_`, which no agent's name can have, keeps it apart from the agents' sessions.
    pub struct HolderSession;
    error: InvalidHolderSession,
        "a session name: it is 1 to 64 letters, digits, '_' or '-' (ASCII), and does not start with '-'";
    first: b"_";
    others: b"_-";
}

impl HolderSession {
    /// The name of the holder's session in a fleet for which none is set.
    pub const DEFAULT: &str = "_holder";
}

impl Default for HolderSession {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{AgentName, HolderSession, RuntimeName, SocketName};

    #[test]
    fn agent_names_of_letters_digits_underscores_and_hyphens_are_accepted() {
        let longest = "a".repeat(64);
        for name in ["a", "0", "coder0", "mos-claude", "A_b-9", longest.as_str()] {
            assert_eq!(name.parse::<AgentName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn other_agent_names_are_rejected_with_the_rule() {
        let too_long = "a".repeat(65);
        let rejected = [
            "",
            "-x",
            "a b",
            "a.b",
            "a:b",
            "=a",
            "../x",
            "a/b",
            "a;b",
            "$(x)",
            "_holder",
            "é",
            "a\n",
            "a\0",
            too_long.as_str(),
        ];
        for name in rejected {
            let error = name.parse::<AgentName>().unwrap_err().to_string();
            assert!(error.contains(AgentName::RULE), "{error}");
        }
    }

    #[test]
    fn errors_escape_control_characters() {
        let error = "a\u{1b}[2J".parse::<AgentName>().unwrap_err().to_string();
        assert!(!error.contains('\u{1b}'), "{error}");
    }

    #[test]
    fn runtime_names_are_single_shell_words() {
        for name in ["pi", "claude", "codex", "opencode", "my-agent_2.1"] {
            assert!(name.parse::<RuntimeName>().is_ok(), "{name}");
        }
        for name in ["", "pi; rm -rf x", "$(x)", "-p", "a b", "a|b"] {
            assert!(name.parse::<RuntimeName>().is_err(), "{name}");
        }
    }

    #[test]
    fn socket_names_cannot_leave_the_socket_directory() {
        assert!(SocketName::DEFAULT.parse::<SocketName>().is_ok());
        for name in ["", "../x", "a/b", "/tmp/x", "-L", "a b", ".", "é"] {
            assert!(name.parse::<SocketName>().is_err(), "{name}");
        }
    }

    #[test]
    fn holder_session_names_have_no_special_characters_of_tmux() {
        assert_eq!(HolderSession::DEFAULT.parse(), Ok(HolderSession::default()));
        for name in ["", "-t", "=a", "a:", "a.b", "$1", "@2", "%3", "a b", &"a".repeat(65)] {
            assert!(name.parse::<HolderSession>().is_err(), "{name}");
        }
    }
}
