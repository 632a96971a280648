//! How a process ended: by an exit code or by a signal.

use std::fmt;
use std::str::FromStr;

/// How a process ended. The text form, in heartbeats and journal records, is `code:7` or `signal:9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitVerdict {
    /// The process exited with this code.
    Code(u8),
    /// This signal killed the process.
    Signal(u8),
}

impl ExitVerdict {
    /// Decodes the status word of `wait(2)`, which is also field 52 of `/proc/PID/stat`.
    ///
    /// The low seven bits are the signal (0 if the process exited), the eighth bit is set if a core was
    /// dumped, and the second byte is the exit code.
    #[must_use]
    pub fn from_wait_status(status: u32) -> Self {
        let [signal_and_core, code, ..] = status.to_le_bytes();
        match signal_and_core & 0x7f {
            0 => Self::Code(code),
            signal => Self::Signal(signal),
        }
    }

    /// Parses tmux's `#{pane_dead_status}` and `#{pane_dead_signal}`. At least one of them is empty; both are
    /// empty until tmux has waited for the process.
    #[must_use]
    pub fn from_tmux(status: &str, signal: &str) -> Option<Self> {
        match (status, signal) {
            ("", "") => None,
            ("", signal) => signal.parse().ok().map(Self::Signal),
            (status, _) => status.parse().ok().map(Self::Code),
        }
    }

    /// The exit code by which a process passes this verdict on: the code itself, or 128 + the signal,
    /// as shells do.
    ///
    /// A sidecar does not kill itself with the agent's signal, because systemd counts a death by SIGTERM,
    /// SIGHUP, SIGINT or SIGPIPE as a clean end and would not restart the agent.
    #[must_use]
    pub fn as_exit_code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => signal.saturating_add(128),
        }
    }
}

impl fmt::Display for ExitVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "code:{code}"),
            Self::Signal(signal) => write!(f, "signal:{signal}"),
        }
    }
}

/// The error of parsing a text that is neither `code:N` nor `signal:N`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not an exit verdict: expected code:N or signal:N with N from 0 to 255", .given.escape_debug())]
pub struct InvalidExitVerdict {
    given: String,
}

impl FromStr for ExitVerdict {
    type Err = InvalidExitVerdict;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidExitVerdict { given: given.to_owned() };
        match given.split_once(':') {
            Some(("code", number)) => number.parse().map(Self::Code).map_err(|_| invalid()),
            Some(("signal", number)) => number.parse().map(Self::Signal).map_err(|_| invalid()),
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExitVerdict;

    #[test]
    fn wait_status_words_are_decoded() {
        let table = [
            (0x0000, "code:0", 0),
            (0x0700, "code:7", 7),
            (0x7f00, "code:127", 127),
            (0x0009, "signal:9", 137),
            (0x000f, "signal:15", 143),
            (0x008b, "signal:11", 139), // with a core dump
        ];
        for (status, text, exit_code) in table {
            let verdict = ExitVerdict::from_wait_status(status);
            assert_eq!((verdict.to_string().as_str(), verdict.as_exit_code()), (text, exit_code));
            assert_eq!(text.parse(), Ok(verdict));
        }
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in ["", "7", "code:", "code:256", "code:-1", "signal:x", "exit:0"] {
            assert!(text.parse::<ExitVerdict>().is_err(), "{text}");
        }
    }
}
