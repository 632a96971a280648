//! What to do about a finding.

use std::path::Path;

use mosaic_domain::SocketName;

use crate::observe::Observation;

/// What to do about a finding, in words, and the command that does it.
///
/// A command never ends a process that may be alive: a person or a program that follows it loses no agent's work.
/// Where only the end of a process helps, there is no command, and the words say what ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Advice {
    /// The words.
    pub(crate) text: String,
    /// A command line for a shell.
    pub(crate) command: Option<String>,
}

impl Advice {
    /// A command that needs no words.
    pub(crate) fn run(command: impl Into<String>) -> Self {
        let command = command.into();
        Self { text: command.clone(), command: Some(command) }
    }

    /// A command with words that contain it.
    pub(crate) fn run_as_in(command: impl Into<String>, text: impl Into<String>) -> Self {
        Self { text: text.into(), command: Some(command.into()) }
    }

    /// Words for a person, who has to decide.
    pub(crate) fn decide(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None }
    }
}

/// The beginning of a tmux command for the fleet's server. The name of the socket is enough unless `TMUX_TMPDIR` leads
/// elsewhere.
pub(crate) fn tmux_command(observation: &Observation, socket: &SocketName) -> String {
    match observation.socket.as_ref().filter(|found| found.path != found.default_path) {
        Some(found) => format!("tmux -S {}", quoted(&found.path)),
        None => format!("tmux -L {socket}"),
    }
}

/// A path as one word of a shell.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%".contains(letter);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;
    use std::path::Path;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, expected) in [
            ("/run/user/1000/mosaic-fleet", "/run/user/1000/mosaic-fleet"),
            ("/a b", "'/a b'"),
            ("/it's", "'/it'\\''s'"),
            ("/$(x)", "'/$(x)'"),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
