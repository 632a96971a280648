//! What follows a runtime's name on the command line: pure.

use std::ffi::OsString;

/// The words after the name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked<'a> {
    /// Only print the command.
    pub(super) print: bool,
    /// The runtime's own arguments.
    pub(super) arguments: &'a [OsString],
}

impl<'a> Asked<'a> {
    /// The runtime has options of its own, so that ours is one only in front; a `--` ends it.
    pub(super) fn of(words: &'a [OsString]) -> Self {
        let (print, rest) = match words {
            [first, rest @ ..] if first == "--print-command" => (true, rest),
            all => (false, all),
        };
        match rest {
            [first, arguments @ ..] if first == "--" => Self { print, arguments },
            arguments => Self { print, arguments },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use std::ffi::OsString;

    #[test]
    fn only_what_is_in_front_is_ours() {
        let table: [(&[&str], bool, &[&str]); 7] = [
            (&[], false, &[]),
            (&["--resume"], false, &["--resume"]),
            (&["--", "--resume"], false, &["--resume"]),
            (&["--print-command", "--resume"], true, &["--resume"]),
            (&["--print-command", "--", "-x"], true, &["-x"]),
            (&["--", "--print-command"], false, &["--print-command"]),
            (&["a", "--", "b"], false, &["a", "--", "b"]),
        ];
        for (words, print, arguments) in table {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let asked = Asked::of(&words);
            assert_eq!((asked.print, asked.arguments.len()), (print, arguments.len()), "{words:?}");
            assert!(asked.arguments.iter().zip(arguments).all(|(one, other)| one == other), "{words:?}");
        }
    }
}
