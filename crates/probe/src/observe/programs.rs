//! The installed programs that the agents' units run.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// The programs that a start of an agent's unit runs.
const PROGRAMS: [&str; 3] = ["start-agent-session", "agent-sidecar", "agent-pane"];

/// A program that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnusableProgram {
    path: PathBuf,
    cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Missing,
    NotAFile,
    /// The file's permissions, or a file system that is mounted `noexec`.
    NotExecutable(io::ErrorKind),
}

impl UnusableProgram {
    #[cfg(test)]
    pub(crate) fn missing(path: &str) -> Self {
        Self { path: path.into(), cause: Cause::Missing }
    }
}

impl fmt::Display for UnusableProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.cause {
            Cause::Missing => write!(f, "{path} does not exist"),
            Cause::NotAFile => write!(f, "{path} is not a file"),
            Cause::NotExecutable(kind) => {
                write!(f, "{path} cannot be executed: {kind} (its mode, or a file system that is mounted noexec)")
            }
        }
    }
}

/// The programs below `tools` that cannot be run.
pub(super) fn unusable_programs(tools: &Path) -> Vec<UnusableProgram> {
    let check = |name| {
        let path = tools.join(name);
        let cause = match (path.metadata(), access(&path, Access::EXEC_OK)) {
            (Err(_), _) => Cause::Missing,
            (Ok(found), _) if !found.is_file() => Cause::NotAFile,
            (Ok(_), Err(error)) => Cause::NotExecutable(error.kind()),
            (Ok(_), Ok(())) => return None,
        };
        Some(UnusableProgram { path, cause })
    };
    PROGRAMS.into_iter().filter_map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::unusable_programs;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn programs_that_cannot_be_run_are_named_with_the_cause() {
        let tools = tempfile::tempdir().unwrap();
        let write = |name: &str, mode| {
            fs::write(tools.path().join(name), "").unwrap();
            fs::set_permissions(tools.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        write("start-agent-session", 0o755);
        write("agent-sidecar", 0o644);
        let found: Vec<String> = unusable_programs(tools.path()).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("agent-sidecar cannot be executed: permission denied"), "{found:?}");
        assert!(found[1].ends_with("agent-pane does not exist"), "{found:?}");
        write("agent-sidecar", 0o755);
        fs::create_dir(tools.path().join("agent-pane")).unwrap();
        assert!(unusable_programs(tools.path())[0].to_string().ends_with("agent-pane is not a file"));
        fs::remove_dir(tools.path().join("agent-pane")).unwrap();
        write("agent-pane", 0o755);
        assert_eq!(unusable_programs(tools.path()), []);
    }
}
