//! How a runtime takes what it is told when it starts.

use std::ffi::OsString;

use super::prompt::Prompt;

/// The form of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromptForm {
    /// The last argument, behind `--`: what is in front may be an option that takes many values.
    AfterDashes,
    /// The last argument, of a program that does not know `--`.
    Word,
    /// The value of this option.
    Option(&'static str),
}

impl PromptForm {
    /// The arguments that come behind the user's own.
    pub(crate) fn arguments(self, further: &[OsString], prompt: &Prompt) -> Vec<OsString> {
        let text = prompt.as_str();
        match self {
            Self::AfterDashes if further.iter().any(|argument| argument == "--") => vec![text.into()],
            Self::AfterDashes => vec!["--".into(), text.into()],
            // To pi, `-` begins an option and `@` the name of a file; a line end in front of a text means nothing.
            Self::Word if text.starts_with(['-', '@']) => vec![format!("\n{text}").into()],
            Self::Word => vec![text.into()],
            Self::Option(option) => vec![format!("{option}={text}").into()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::prompt::Prompt;
    use super::PromptForm;
    use std::ffi::OsString;

    #[test]
    fn no_text_is_taken_for_an_option() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let table: [(PromptForm, &[&str], &str, &[&str]); 7] = [
            (PromptForm::AfterDashes, &[], "go", &["--", "go"]),
            (PromptForm::AfterDashes, &["--add-dir", "/x"], "-h", &["--", "-h"]),
            (PromptForm::AfterDashes, &["--"], "go", &["go"]),
            (PromptForm::Word, &[], "go", &["go"]),
            (PromptForm::Word, &[], "-v", &["\n-v"]),
            (PromptForm::Word, &[], "@all", &["\n@all"]),
            (PromptForm::Option("--prompt"), &["."], "--x", &["--prompt=--x"]),
        ];
        for (form, further, text, expected) in table {
            std::fs::write(file.path(), text).unwrap();
            let further: Vec<OsString> = further.iter().map(OsString::from).collect();
            assert_eq!(form.arguments(&further, &Prompt::load(file.path()).unwrap()), expected, "{form:?} {text}");
        }
    }
}
