//! A command that this process becomes.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// A program with all that it is given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// Variables that are set besides those that are there.
    pub(crate) variables: Vec<(&'static str, OsString)>,
    /// What the user is told before.
    pub(crate) notices: Vec<String>,
}

impl Launch {
    /// Becomes the program; it returns only if that failed. The pane's process is then the runtime
    /// itself, with nobody in between who would have to pass signals and the exit code on.
    pub(crate) fn exec(&self) -> io::Error {
        for notice in &self.notices {
            crate::view::print_notice(&format!("WARNING: {notice}"));
        }
        Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .exec()
    }

    /// The same, for a shell.
    pub(crate) fn line(&self) -> String {
        let variables = self.variables.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let words = [self.program.as_os_str()].into_iter().chain(self.arguments.iter().map(OsString::as_os_str));
        variables.chain(words.map(quoted)).collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell has to read it.
pub(crate) fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(harmless) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;
    use std::process::Command;

    #[test]
    fn a_shell_reads_every_word_as_it_was() {
        for word in ["", "a", "--x=1", "a b", "it's", "$HOME", "`x`", "a;b", "~", "*", "é", "a\nb", "\\"] {
            let line = format!("printf %s {}", quoted(word.as_ref()));
            let read = Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(String::from_utf8(read.stdout).unwrap(), word, "{line}");
        }
    }
}
