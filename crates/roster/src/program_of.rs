//! Which program has to be found for an agent.

use mosaic_domain::RuntimeName;

/// What a shell does by itself; what follows `exec` and the like is looked at instead.
const OF_THE_SHELL: [&str; 30] = [
    "!", ".", ":", "[", "[[", "case", "cd", "command", "echo", "eval", "exit", "export", "false", "for", "if", "kill",
    "printf", "pwd", "read", "set", "source", "test", "time", "trap", "true", "ulimit", "umask", "until", "wait",
    "while",
];

/// The program that must be found on an agent's path: its runtime, or the first word of the command
/// that it has instead. Nothing where a command does not begin with the plain name of a program.
#[must_use]
pub fn program_of(command: Option<&str>, runtime: &RuntimeName) -> Option<String> {
    let Some(command) = command else { return Some(runtime.as_str().to_owned()) };
    let mut words = command.split_whitespace().peekable();
    words.next_if(|word| *word == "exec");
    // `mosaic` is installed with everything else; what it runs may not be.
    if words.next_if(|word| *word == "mosaic").is_some() {
        words.next_if(|word| *word == "yolo");
    }
    let word = words.next()?;
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
        && word.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    (plain && !OF_THE_SHELL.contains(&word)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::program_of;

    #[test]
    fn it_is_the_runtime_or_the_commands_first_plain_word() {
        let table = [
            (None, Some("codex")),
            (Some("mosaic yolo pi"), Some("pi")),
            (Some("mosaic claude --resume"), Some("claude")),
            (Some("exec claude --resume"), Some("claude")),
            (Some("python3 -m agent"), Some("python3")),
            (Some("while sleep 1; do date; done"), None),
            (Some("KEY=1 claude"), None),
            (Some("/opt/agent"), None),
            (Some("$AGENT"), None),
            (Some("\"my agent\""), None),
            (Some("sleep;date"), None),
            (Some(""), None),
        ];
        for (command, expected) in table {
            assert_eq!(program_of(command, &"codex".parse().unwrap()).as_deref(), expected, "{command:?}");
        }
    }
}
