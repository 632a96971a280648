//! The environment, search path and shell of an agent's command.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use mosaic_domain::{SYSTEM_PROGRAM_DIRECTORIES, USER_PROGRAM_DIRECTORIES, env_var};
use mosaic_process::{Cgroup, is_program};
use nix::unistd::{Uid, User};

use crate::handshake::ExecSpec;
use crate::launch_settings::LaunchSettings;

/// The variables that systemd sets for the main process of a service (systemd.exec(5)). The agent is not that process:
/// with `NOTIFY_SOCKET`, for example, it could send notifications in the sidecar's name.
const SERVICE_VARIABLES: [&str; 19] = [
    "CREDENTIALS_DIRECTORY",
    "FDSTORE",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_PIDFDID",
    "LOG_NAMESPACE",
    "MAINPID",
    "MAINPIDFDID",
    "MANAGERPID",
    "MANAGERPIDFDID",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "NOTIFY_SOCKET",
    "SYSTEMD_EXEC_PID",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

/// Composes what the pane process of an agent is to execute, from the environment of the launcher (or of the sidecar,
/// which is the same) and the unit's control group, if there is one.
#[must_use]
pub fn exec_spec(
    settings: &LaunchSettings,
    environment: impl Iterator<Item = (OsString, OsString)>,
    cgroup: Option<&Cgroup>,
) -> ExecSpec {
    let mut variables: BTreeMap<OsString, OsString> =
        environment.filter(|(name, _)| !SERVICE_VARIABLES.iter().any(|variable| name == variable)).collect();
    variables.extend(settings.variables().into_iter().map(|(name, value)| (name.into(), value)));
    let home = variables.get(OsStr::new(env_var::HOME)).map(PathBuf::from);
    let current = std::env::current_exe().ok();
    let path = search_path(
        variables.remove(OsStr::new(env_var::PATH)),
        home.as_deref(),
        current.as_deref().and_then(Path::parent),
        Path::is_dir,
    );
    variables.insert(env_var::PATH.into(), path);
    ExecSpec {
        directory: settings.working_directory.clone(),
        shell: shell(variables.get(OsStr::new(env_var::SHELL)).map(PathBuf::from).or_else(login_shell), is_runnable),
        command: settings.command.clone(),
        cgroup_files: cgroup.map(Cgroup::procs_files).unwrap_or_default(),
        environment: variables.into_iter().collect(),
    }
}

/// Appends to `path` the existing directories in which runtimes are usually installed.
///
/// The path of the user manager is little more than `/usr/local/bin:/usr/bin`, while runtimes are installed below the
/// user's home. Everything that `path` finds is still found. `installed` is the directory of this program, in which
/// `mosaic` is installed too.
fn search_path(
    path: Option<OsString>,
    home: Option<&Path>,
    installed: Option<&Path>,
    exists: impl Fn(&Path) -> bool,
) -> OsString {
    let mut directories: Vec<PathBuf> = path.iter().flat_map(std::env::split_paths).collect();
    let of_the_user = USER_PROGRAM_DIRECTORIES.iter().filter_map(|directory| Some(home?.join(directory)));
    let of_the_system = SYSTEM_PROGRAM_DIRECTORIES.iter().map(PathBuf::from);
    for directory in of_the_user.chain(installed.map(Path::to_path_buf)).chain(of_the_system) {
        // A search path cannot represent a colon.
        let representable = !directory.to_string_lossy().contains(':');
        if representable && !directories.contains(&directory) && exists(&directory) {
            directories.push(directory);
        }
    }
    std::env::join_paths(directories).unwrap_or_else(|_| path.unwrap_or_default())
}

/// The shell that interprets the command: `preferred`, as in tmux itself, or `/bin/sh` if that shell cannot be run or
/// refuses logins. Agents run under service accounts too.
fn shell(preferred: Option<PathBuf>, is_runnable: impl Fn(&Path) -> bool) -> PathBuf {
    let refuses = |shell: &Path| shell.ends_with("nologin") || shell.ends_with("false");
    preferred
        .filter(|shell| shell.is_absolute() && !refuses(shell) && is_runnable(shell))
        .unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

/// The login shell of this user.
fn login_shell() -> Option<PathBuf> {
    User::from_uid(Uid::effective()).ok().flatten().map(|user| user.shell)
}

fn is_runnable(program: &Path) -> bool {
    !program.as_os_str().as_bytes().contains(&0) && is_program(program)
}

#[cfg(test)]
mod tests {
    use super::{exec_spec, search_path, shell};
    use crate::launch_settings::LaunchSettings;
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    #[test]
    fn the_environment_has_the_settings_and_no_service_variables() {
        let given = [
            ("HOME", "/h"),
            ("API_KEY", "s3cret"),
            ("NOTIFY_SOCKET", "/run/n"),
            ("WATCHDOG_USEC", "1"),
            ("PATH", "/p"),
        ];
        let given: BTreeMap<OsString, OsString> = given.map(|(name, value)| (name.into(), value.into())).into();
        let settings = LaunchSettings::parse(
            Some("coder0".as_ref()),
            |name| given.get(&OsString::from(name)).cloned(),
            Path::new("/"),
        )
        .unwrap();
        let spec = exec_spec(&settings, given.into_iter(), None);
        let environment: BTreeMap<OsString, OsString> = spec.environment.into_iter().collect();
        let value = |name: &str| environment.get(&OsString::from(name)).and_then(|value| value.to_str());
        assert_eq!(value("API_KEY"), Some("s3cret"));
        assert_eq!(value("MOSAIC_AGENT_NAME"), Some("coder0"));
        assert_eq!(value("MOSAIC_HEARTBEAT_RUN_DIR"), Some("/h/.config/mosaic/fleet/run"));
        assert_eq!((value("NOTIFY_SOCKET"), value("WATCHDOG_USEC")), (None, None));
        assert!(value("PATH").unwrap().starts_with("/p:"));
    }

    #[test]
    fn a_shell_that_refuses_logins_is_not_used() {
        let table = [
            (Some("/bin/bash"), "/bin/bash"),
            (Some("/usr/sbin/nologin"), "/bin/sh"),
            (Some("/bin/false"), "/bin/sh"),
            (Some("bash"), "/bin/sh"),
            (Some("/not/there"), "/bin/sh"),
            (None, "/bin/sh"),
        ];
        for (preferred, expected) in table {
            let found = shell(preferred.map(PathBuf::from), |path| path != Path::new("/not/there"));
            assert_eq!(found, Path::new(expected));
        }
    }

    #[test]
    fn only_missing_and_existing_directories_are_appended_to_the_path() {
        let exists = |path: &Path| {
            ["/h/.local/bin", "/h/.npm-global/bin", "/usr/bin", "/opt/mosaic:1"]
                .iter()
                .any(|existing| path == Path::new(existing))
        };
        let home = Some(Path::new("/h"));
        let table = [
            (Some("/usr/bin"), home, "/usr/bin:/h/.local/bin:/h/.npm-global/bin"),
            (Some("/h/.npm-global/bin:/x"), home, "/h/.npm-global/bin:/x:/h/.local/bin:/usr/bin"),
            (None, home, "/h/.local/bin:/h/.npm-global/bin:/usr/bin"),
            (Some("/x"), None, "/x:/usr/bin"),
        ];
        for (path, home, expected) in table {
            let found = search_path(path.map(Into::into), home, Some(Path::new("/opt/mosaic:1")), exists);
            assert_eq!(found, expected);
        }
    }
}
