//! The command that runs a runtime.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use mosaic_domain::env_var;

use crate::running_version::LaunchedVersion;

/// A program with its arguments and environment variables.
#[derive(Debug, PartialEq, Eq)]
pub struct LaunchCommand {
    /// The program.
    pub program: PathBuf,
    /// The arguments.
    pub arguments: Vec<OsString>,
    /// Variables that are set in addition to the inherited ones.
    pub variables: Vec<(String, OsString)>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
    /// The version of the program, if it is known. It is not a part of the printed line, which may be run later.
    pub(crate) version: Option<LaunchedVersion>,
}

impl LaunchCommand {
    /// Returns the command that runs a command line of the roster. A shell parses the line, and then the program
    /// replaces the shell. Whether the program asks for permissions is up to the line, which the site has written.
    #[must_use]
    pub fn from_roster_line(line: &str, user_arguments: &[OsString]) -> Self {
        // A line may begin with variables, which `exec` alone would take for the program.
        let script = format!("exec env {line} \"$@\"");
        // The word after the script is the shell's name in its own messages.
        let words = ["-c".into(), script.into(), "mosaic".into()].into_iter();
        Self {
            program: PathBuf::from("/bin/sh"),
            arguments: words.chain(user_arguments.iter().cloned()).collect(),
            variables: Vec::new(),
            warnings: Vec::new(),
            version: None,
        }
    }

    /// Replaces this process by the program, and returns only if that fails. The pane process then is the program
    /// itself, without a parent that would have to forward signals and the exit code.
    #[must_use]
    pub fn exec(&self) -> io::Error {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        match &self.version {
            Some(version) => command.env(env_var::RUNTIME_VERSION, version.to_string()),
            // That of an agent whose tool runs this.
            None => command.env_remove(env_var::RUNTIME_VERSION),
        };
        command.exec()
    }

    /// Returns the command as a line for a shell.
    #[must_use]
    pub fn shell_line(&self) -> String {
        let variables = self.variables.iter().map(|(name, value)| format!("{name}={}", shell_quote(value)));
        let words = [self.program.as_os_str()].into_iter().chain(self.arguments.iter().map(OsString::as_os_str));
        variables.chain(words.map(shell_quote)).collect::<Vec<_>>().join(" ")
    }
}

/// Quotes a word for a POSIX shell, if it needs quotes.
#[must_use]
pub fn shell_quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let needs_no_quotes = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(needs_no_quotes) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{LaunchCommand, shell_quote};
    use std::process::Command;

    #[test]
    fn a_shell_reads_back_every_quoted_word() {
        for word in ["", "a", "--x=1", "a b", "it's", "$HOME", "`x`", "a;b", "~", "*", "é", "a\nb", "\\"] {
            let line = format!("printf %s {}", shell_quote(word.as_ref()));
            let read = Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(String::from_utf8(read.stdout).unwrap(), word, "{line}");
        }
    }

    #[test]
    fn a_roster_line_gets_the_arguments_and_replaces_the_shell() {
        let launch = LaunchCommand::from_roster_line("aider --yes", &["--model".into(), "a b".into()]);
        assert_eq!(launch.shell_line(), r#"/bin/sh -c 'exec env aider --yes "$@"' mosaic --model 'a b'"#);
        let echoed = LaunchCommand::from_roster_line("FORMAT=1 printf '<%s>'", &["it's".into(), "$x".into()]);
        let output = Command::new(&echoed.program).args(&echoed.arguments).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "<it's><$x>");
    }
}
