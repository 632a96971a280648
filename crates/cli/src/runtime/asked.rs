//! What follows a runtime's name on the command line: pure.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::RuntimeError;

/// The words after the name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    /// Only print the command.
    pub(super) print: bool,
    /// Where it is written what the runtime is told first.
    pub(super) kickstart: Option<&'a Path>,
    /// The runtime's own arguments.
    pub(super) arguments: &'a [OsString],
}

impl<'a> Asked<'a> {
    /// The runtime has options of its own, so that ours are ones only in front; a `--` ends them.
    ///
    /// # Errors
    /// One of ours lacks its value.
    pub(super) fn of(words: &'a [OsString]) -> Result<Self, RuntimeError> {
        let mut asked = Self { arguments: words, ..Self::default() };
        while let [first, rest @ ..] = asked.arguments {
            if first == "--print-command" {
                asked.print = true;
                asked.arguments = rest;
            } else if first == "--kickstart" {
                let [file, rest @ ..] = rest else { return Err(RuntimeError::NoKickstart) };
                (asked.kickstart, asked.arguments) = (Some(Path::new(file)), rest);
            } else if let Some(file) = first.as_bytes().strip_prefix(b"--kickstart=") {
                (asked.kickstart, asked.arguments) = (Some(Path::new(OsStr::from_bytes(file))), rest);
            } else {
                asked.arguments = if first == "--" { rest } else { asked.arguments };
                break;
            }
        }
        match asked.kickstart {
            Some(file) if file.as_os_str().is_empty() => Err(RuntimeError::NoKickstart),
            _ => Ok(asked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use std::ffi::OsString;
    use std::path::Path;

    #[test]
    fn only_what_is_in_front_is_ours() {
        type Case<'a> = (&'a [&'a str], bool, Option<&'a str>, &'a [&'a str]);
        let table: [Case<'_>; 11] = [
            (&[], false, None, &[]),
            (&["--resume"], false, None, &["--resume"]),
            (&["--", "--resume"], false, None, &["--resume"]),
            (&["--print-command", "--resume"], true, None, &["--resume"]),
            (&["--print-command", "--", "-x"], true, None, &["-x"]),
            (&["--", "--print-command"], false, None, &["--print-command"]),
            (&["a", "--", "b"], false, None, &["a", "--", "b"]),
            (&["--kickstart", "f", "-x"], false, Some("f"), &["-x"]),
            (&["--kickstart=f", "--print-command"], true, Some("f"), &[]),
            (&["--print-command", "--kickstart", "--", "--", "b"], true, Some("--"), &["b"]),
            (&["-x", "--kickstart", "f"], false, None, &["-x", "--kickstart", "f"]),
        ];
        for (words, print, kickstart, arguments) in table {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let asked = Asked::of(&words).unwrap();
            assert_eq!((asked.print, asked.kickstart), (print, kickstart.map(Path::new)), "{words:?}");
            assert_eq!(asked.arguments, arguments, "{words:?}");
        }
        for words in [&["--kickstart"][..], &["--kickstart="], &["--kickstart", ""]] {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            assert!(Asked::of(&words).is_err(), "{words:?}");
        }
    }
}
