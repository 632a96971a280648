//! Where a command says itself that its program is.

use std::path::Path;

/// The program of a command that begins with its absolute path; nothing where a shell would have to read that first.
#[must_use]
pub fn program_path(command: &str) -> Option<&Path> {
    let word = command.split_whitespace().find(|word| *word != "exec")?;
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/+".contains(&byte));
    (plain && word.starts_with('/')).then(|| Path::new(word))
}

#[cfg(test)]
mod tests {
    use super::program_path;
    use std::path::Path;

    #[test]
    fn only_a_plain_path_is_one() {
        for (command, expected) in [
            ("/opt/x/bin/claude -c", Some("/opt/x/bin/claude")),
            ("exec /bin/sh -c x", Some("/bin/sh")),
            ("exec pi", None),
            ("\"/opt/a b/pi\"", None),
            ("$HOME/bin/pi", None),
            ("", None),
        ] {
            assert_eq!(program_path(command), expected.map(Path::new), "{command}");
        }
    }
}
