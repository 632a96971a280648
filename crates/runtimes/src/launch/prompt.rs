//! The first prompt of a runtime, and how a program takes it on the command line.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::LaunchError;

/// A prompt that can be an argument: not empty, without zero bytes, and at most 127 KiB long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt(String);

/// The form in which a program takes its first prompt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PromptForm {
    /// The last argument, after `--`, because an option before it may take several values.
    AfterDashes,
    /// The last argument, for a program that does not know `--`.
    LastArgument,
    /// The value of this option.
    Option(String),
}

impl Prompt {
    /// Linux accepts 128 KiB in one argument, including the terminating zero byte (`MAX_ARG_STRLEN` in execve(2)). The
    /// rest is left for the option before the prompt.
    const LONGEST: usize = 127 * 1024;

    /// Reads a prompt from a file, without the blanks at its end.
    ///
    /// # Errors
    /// The file cannot be read, or its text cannot be an argument.
    pub fn load(path: &Path) -> Result<Self, LaunchError> {
        let failed = |source| LaunchError::Prompt { path: path.into(), source };
        let mut text = String::new();
        let limit = u64::try_from(Self::LONGEST).unwrap_or(u64::MAX) + 1;
        File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text)).map_err(failed)?;
        let invalid = |why: String| Err(failed(io::Error::new(io::ErrorKind::InvalidData, why)));
        if text.len() > Self::LONGEST {
            return invalid(format!(
                "it is longer than {} bytes; name the file that the agent should read instead",
                Self::LONGEST
            ));
        }
        if text.contains('\0') {
            return invalid("it contains a zero byte, which an argument cannot contain".to_owned());
        }
        let text = text.trim_end();
        if text.is_empty() { invalid("it is empty".to_owned()) } else { Ok(Self(text.to_owned())) }
    }

    /// Returns the text of the prompt.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PromptForm {
    /// Returns the arguments for the prompt, which come after the user's own arguments.
    pub(super) fn arguments(&self, user_arguments: &[OsString], prompt: &Prompt) -> Vec<OsString> {
        let text = prompt.as_str();
        match self {
            Self::AfterDashes if user_arguments.iter().any(|argument| argument == "--") => vec![text.into()],
            Self::AfterDashes => vec!["--".into(), text.into()],
            // pi takes `-` for an option and `@` for the name of a file, and ignores a line feed before the text.
            Self::LastArgument if text.starts_with(['-', '@']) => vec![format!("\n{text}").into()],
            Self::LastArgument => vec![text.into()],
            Self::Option(option) => vec![format!("{option}={text}").into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Prompt, PromptForm};
    use std::ffi::OsString;
    use std::fs;

    #[test]
    fn a_prompt_is_a_text_that_can_be_an_argument() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("prompt.md");
        for (text, expected) in
            [("do it\nnow\n\n", Some("do it\nnow")), (" é", Some(" é")), (" \n", None), ("a\0b", None)]
        {
            fs::write(&file, text).unwrap();
            assert_eq!(Prompt::load(&file).ok().as_ref().map(Prompt::as_str), expected, "{text:?}");
        }
        fs::write(&file, [0xff]).unwrap();
        assert!(Prompt::load(&file).is_err());
        fs::write(&file, "x".repeat(Prompt::LONGEST)).unwrap();
        let longest = Prompt::load(&file).unwrap();
        let taken = std::process::Command::new("true").arg(format!("--prompt={}", longest.as_str())).status();
        assert!(taken.unwrap().success());
        fs::write(&file, "x".repeat(Prompt::LONGEST + 1)).unwrap();
        assert!(Prompt::load(&file).unwrap_err().to_string().contains("name the file"));
        assert!(Prompt::load(directory.path()).is_err());
    }

    #[test]
    fn a_prompt_is_not_taken_for_an_option() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let table: [(PromptForm, &[&str], &str, &[&str]); 7] = [
            (PromptForm::AfterDashes, &[], "go", &["--", "go"]),
            (PromptForm::AfterDashes, &["--add-dir", "/x"], "-h", &["--", "-h"]),
            (PromptForm::AfterDashes, &["--"], "go", &["go"]),
            (PromptForm::LastArgument, &[], "go", &["go"]),
            (PromptForm::LastArgument, &[], "-v", &["\n-v"]),
            (PromptForm::LastArgument, &[], "@all", &["\n@all"]),
            (PromptForm::Option("--prompt".to_owned()), &["."], "--x", &["--prompt=--x"]),
        ];
        for (form, further, text, expected) in table {
            fs::write(file.path(), text).unwrap();
            let further: Vec<OsString> = further.iter().map(OsString::from).collect();
            assert_eq!(form.arguments(&further, &Prompt::load(file.path()).unwrap()), expected, "{form:?} {text}");
        }
    }
}
