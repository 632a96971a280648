//! What a runtime is told when it starts.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::RuntimeError;

/// A text that can be an argument: not empty, not too long, and without a zero byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prompt(String);

impl Prompt {
    /// Linux takes 128 KiB in one argument, with its end (execve(2), `MAX_ARG_STRLEN`); some of it is left for the
    /// option that it may follow.
    const LONGEST: usize = 127 * 1024;

    /// The text of a file, without the line end at its end.
    ///
    /// # Errors
    /// It cannot be read, or no runtime could be told that.
    pub(crate) fn load(path: &Path) -> Result<Self, RuntimeError> {
        let because = |source| RuntimeError::Kickstart { path: path.into(), source };
        let mut text = String::new();
        let limit = u64::try_from(Self::LONGEST).unwrap_or(u64::MAX) + 1;
        File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text)).map_err(because)?;
        let no = |why: String| Err(because(io::Error::new(io::ErrorKind::InvalidData, why)));
        if text.len() > Self::LONGEST {
            return no(format!("it is longer than {} bytes; say in it which file is to be read", Self::LONGEST));
        }
        if text.contains('\0') {
            return no("there is a zero byte in it, which no argument can have".to_owned());
        }
        let text = text.trim_end();
        if text.is_empty() { no("it is empty".to_owned()) } else { Ok(Self(text.to_owned())) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Prompt;
    use std::fs;

    #[test]
    fn only_what_can_be_an_argument_is_one() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("prompt.md");
        for (text, told) in [("do it\nnow\n\n", Some("do it\nnow")), (" é", Some(" é")), (" \n", None), ("a\0b", None)]
        {
            fs::write(&file, text).unwrap();
            assert_eq!(Prompt::load(&file).ok().as_ref().map(Prompt::as_str), told, "{text:?}");
        }
        fs::write(&file, [0xff]).unwrap();
        assert!(Prompt::load(&file).is_err());
        fs::write(&file, "x".repeat(Prompt::LONGEST)).unwrap();
        let longest = Prompt::load(&file).unwrap();
        let taken = std::process::Command::new("true").arg(format!("--prompt={}", longest.as_str())).status();
        assert!(taken.unwrap().success());
        fs::write(&file, "x".repeat(Prompt::LONGEST + 1)).unwrap();
        assert!(Prompt::load(&file).unwrap_err().to_string().contains("which file is to be read"));
        assert!(Prompt::load(directory.path()).is_err());
    }
}
