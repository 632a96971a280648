//! The program that a shell command line runs.

use std::iter::Peekable;
use std::path::Path;
use std::str::SplitWhitespace;

use mosaic_domain::RuntimeName;

/// Builtins and reserved words of the shell: a command that begins with one names no program to search for.
const SHELL_WORDS: [&str; 30] = [
    "!", ".", ":", "[", "[[", "case", "cd", "command", "echo", "eval", "exit", "export", "false", "for", "if", "kill",
    "printf", "pwd", "read", "set", "source", "test", "time", "trap", "true", "ulimit", "umask", "until", "wait",
    "while",
];

/// The name of the program that must be on an agent's `PATH`: the first word of its command, or its runtime if it
/// has no command. `exec`, variables, `env`, `mosaic` and `yolo` are skipped. `None` if the command does not begin with a
/// plain name.
#[must_use]
pub fn required_program(command: Option<&str>, runtime: &RuntimeName) -> Option<String> {
    let Some(command) = command else { return Some(runtime.as_str().to_owned()) };
    let mut words = program_words(command)?;
    // `mosaic` itself is always installed, but the runtime that it starts might not be.
    if words.next_if(|word| *word == "mosaic").is_some() {
        words.next_if(|word| *word == "yolo");
    }
    let word = words.next()?;
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
        && word.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    (plain && !SHELL_WORDS.contains(&word)).then(|| word.to_owned())
}

/// The words of a command from its program on, without variables in front, which may follow `exec` and `env`. `None` if a
/// variable is `PATH`, which decides where the program is, or if the shell has to expand its value.
fn program_words(command: &str) -> Option<Peekable<SplitWhitespace<'_>>> {
    let mut words = command.split_whitespace().peekable();
    words.next_if(|word| *word == "exec");
    words.next_if(|word| *word == "env");
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/+:,@%=".contains(&byte));
        if !is_name || !is_plain || name == "PATH" {
            return None;
        }
        words.next();
    }
    Some(words)
}

/// The absolute path that a command begins with, after what [`required_program`] skips. `None` if the first word is no
/// absolute path or needs expansion by the shell.
#[must_use]
pub fn absolute_program(command: &str) -> Option<&Path> {
    let word = program_words(command)?.next()?;
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/+".contains(&byte));
    (plain && word.starts_with('/')).then(|| Path::new(word))
}

#[cfg(test)]
mod tests {
    use super::{absolute_program, required_program};
    use std::path::Path;

    #[test]
    fn the_required_program_is_the_runtime_or_the_first_plain_word_of_the_command() {
        let table = [
            (None, Some("codex")),
            (Some("mosaic yolo pi"), Some("pi")),
            (Some("mosaic claude --resume"), Some("claude")),
            (Some("exec claude --resume"), Some("claude")),
            (Some("python3 -m agent"), Some("python3")),
            (Some("while sleep 1; do date; done"), None),
            (Some("KEY=1 claude"), Some("claude")),
            (Some("exec env A=1 B=/x:y claude --resume"), Some("claude")),
            (Some("KEY=1 mosaic yolo pi"), Some("pi")),
            (Some("env claude"), Some("claude")),
            (Some("env -i claude"), None),
            (Some("KEY='a b' claude"), None),
            (Some("KEY=$HOME claude"), None),
            (Some("PATH=/opt/bin claude"), None),
            (Some("KEY=1"), None),
            (Some("/opt/agent"), None),
            (Some("$AGENT"), None),
            (Some("\"my agent\""), None),
            (Some("sleep;date"), None),
            (Some(""), None),
        ];
        for (command, expected) in table {
            assert_eq!(required_program(command, &"codex".parse().unwrap()).as_deref(), expected, "{command:?}");
        }
    }

    #[test]
    fn only_a_plain_absolute_path_is_an_absolute_program() {
        for (command, expected) in [
            ("/opt/x/bin/claude -c", Some("/opt/x/bin/claude")),
            ("exec /bin/sh -c x", Some("/bin/sh")),
            ("exec pi", None),
            ("\"/opt/a b/pi\"", None),
            ("$HOME/bin/pi", None),
            ("", None),
        ] {
            assert_eq!(absolute_program(command), expected.map(Path::new), "{command}");
        }
    }
}
