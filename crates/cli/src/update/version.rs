//! Which version a program is, by its own word.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mosaic_process::bounded_output;

/// Asks the program.
///
/// # Errors
/// It does not say, or not in time; the text says which.
pub(crate) fn version(program: &Path, search_path: &OsStr, limit: Duration) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg("--version").env("PATH", search_path);
    let failed = |why: String| format!("{} --version: {why}", program.display());
    let output = bounded_output(&mut command, limit).map_err(|error| failed(error.to_string()))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (first, second) = (said(&output.stdout), said(&output.stderr));
    if !output.status.success() {
        let last = second.lines().chain(first.lines()).map(str::trim).find(|line| !line.is_empty());
        return Err(failed(format!("{}: {}", output.status, last.unwrap_or("not a word"))));
    }
    // pi says it on its standard error where its output is no terminal.
    let found = version_in(&first).or_else(|| version_in(&second));
    found.ok_or_else(|| failed("there is no version in what it says".to_owned()))
}

/// The first word that is one.
fn version_in(said: &str) -> Option<String> {
    let words = said.split_whitespace().map(|word| word.strip_prefix('v').unwrap_or(word));
    words.into_iter().find(|word| is_version(word)).map(str::to_owned)
}

fn is_version(word: &str) -> bool {
    let numbers = word.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.contains('.')
        && numbers.split('.').all(is_number)
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn each_program_says_its_version_in_its_own_way() {
        let table = [
            ("2.1.197 (Claude Code)\n", Some("2.1.197")),
            ("codex-cli 0.171.0\n", Some("0.171.0")),
            ("0.73.1\n", Some("0.73.1")),
            ("v1.18.33-beta.1+x\n", Some("1.18.33-beta.1+x")),
            ("WARNING: could not make \"/tmp\" (codex_home: x)\ncodex 1.0\n", Some("1.0")),
            ("version unknown\n", None),
            ("1 2 .. 1. .5 1.x ;1.2\n", None),
            ("", None),
        ];
        for (said, expected) in table {
            assert_eq!(version_in(said).as_deref(), expected, "{said}");
        }
    }
}
