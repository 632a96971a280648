//! The program that an agent's command runs, on the path that was recorded for it.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Finds the program of a command on a recorded search path, `tools` behind it. `None` if the
/// command does not begin with the plain name of a program: only a shell knows what it runs.
pub(super) fn find_program(command: &str, path: &str, tools: &Path) -> Option<Result<PathBuf, String>> {
    let program = program(command)?;
    if path.is_empty() {
        return Some(Err("no search path is recorded in its env file".to_owned()));
    }
    let found = env::split_paths(path)
        .chain([tools.to_path_buf()])
        .map(|directory| directory.join(program))
        .find(|program| is_runnable(program));
    Some(found.ok_or_else(|| format!("there is no {program} in {path}")))
}

/// The runtime behind `mosaic yolo claude`; else the first word, where it is one.
fn program(command: &str) -> Option<&str> {
    let mut words = command.split_whitespace().skip_while(|word| *word == "exec");
    let first = words.next()?;
    let runtime = (first == "mosaic").then(|| words.find(|word| *word != "yolo")).flatten();
    let program = runtime.unwrap_or(first);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/+".contains(&byte);
    let of_the_shell =
        ["while", "for", "if", "until", "case", "cd", "set", "export", "trap", "ulimit", "umask", "eval", "read"];
    (program.bytes().all(plain) && !of_the_shell.contains(&program)).then_some(program)
}

fn is_runnable(program: &Path) -> bool {
    program.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::{find_program, program};
    use std::path::Path;

    #[test]
    fn the_program_behind_a_command_is_looked_for_only_if_it_can_be_told() {
        let table = [
            ("mosaic yolo claude", Some("claude")),
            ("mosaic pi -- --offline", Some("pi")),
            ("exec /opt/x/agent --flag", Some("/opt/x/agent")),
            ("codex", Some("codex")),
            ("while sleep 1; do date; done", None),
            ("$HOME/bin/x", None),
            ("FOO=1 codex", None),
            ("", None),
        ];
        for (command, expected) in table {
            assert_eq!(program(command), expected, "{command}");
        }
    }

    #[test]
    fn a_program_is_found_on_the_recorded_path_or_the_path_is_named() {
        let tools = Path::new("/nonexistent");
        assert_eq!(find_program("mosaic yolo sh", "/x:/bin", tools).unwrap().unwrap(), Path::new("/bin/sh"));
        assert_eq!(find_program("/bin/sh", "/x", tools).unwrap().unwrap(), Path::new("/bin/sh"));
        let error = find_program("mosaic yolo no-such", "/x:/bin", tools).unwrap().unwrap_err();
        assert_eq!(error, "there is no no-such in /x:/bin");
        assert!(find_program("codex", "", tools).unwrap().unwrap_err().contains("recorded"));
    }
}
