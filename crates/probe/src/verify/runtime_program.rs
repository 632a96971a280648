//! The program that an agent's command runs, where the launcher lets it look.

use std::env;
use std::path::{Path, PathBuf};

use mosaic_domain::{RuntimeName, usual_directories};
use mosaic_process::is_program;
use mosaic_roster::{required_program, absolute_program};

/// Finds the program of a command on a recorded search path and, as the launcher does, in the usual
/// places behind it. `None` if only a shell knows what the command runs.
pub(super) fn find_program(
    command: &str,
    path: &str,
    home: Option<&Path>,
    tools: &Path,
) -> Option<Result<PathBuf, String>> {
    if let Some(program) = absolute_program(command) {
        return Some(if is_program(program) {
            Ok(program.to_owned())
        } else {
            Err(format!("{} is not a program", program.display()))
        });
    }
    let program = required_program(Some(command), &RuntimeName::default())?;
    if path.is_empty() {
        return Some(Err("no search path is recorded in its env file".to_owned()));
    }
    let usual = home.map(usual_directories).unwrap_or_default();
    let directories = env::split_paths(path).chain([tools.to_path_buf()]).chain(usual);
    let found = directories.map(|directory| directory.join(&program)).find(|program| is_program(program));
    Some(found.ok_or_else(|| format!("there is no {program} in {path}")))
}

#[cfg(test)]
mod tests {
    use super::find_program;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[test]
    fn a_program_is_found_where_the_launcher_lets_it_look_or_the_path_is_named() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join(".local/bin");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("only-here"), "").unwrap();
        fs::set_permissions(place.join("only-here"), fs::Permissions::from_mode(0o755)).unwrap();
        let find = |command, path| find_program(command, path, Some(home.path()), Path::new("/nonexistent"));
        assert_eq!(find("mosaic yolo sh", "/x:/bin").unwrap().unwrap(), Path::new("/bin/sh"));
        assert_eq!(find("mosaic yolo only-here", "/x").unwrap().unwrap(), place.join("only-here"));
        assert_eq!(find("exec /bin/sh -c x", "/x").unwrap().unwrap(), Path::new("/bin/sh"));
        assert_eq!(find("/no/such", "/bin").unwrap().unwrap_err(), "/no/such is not a program");
        let error = find("mosaic yolo no-such", "/x:/bin").unwrap().unwrap_err();
        assert_eq!(error, "there is no no-such in /x:/bin");
        assert!(find("codex", "").unwrap().unwrap_err().contains("recorded"));
        for of_the_shell in ["while sleep 1; do date; done", "command claude", "$HOME/bin/x"] {
            assert_eq!(find(of_the_shell, "/bin"), None, "{of_the_shell}");
        }
    }
}
