//! What the agent's command finds around it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use mosaic_process::{Cgroup, is_program};
use nix::unistd::{Uid, User};

use super::Request;
use super::search_path::search_path;
use crate::gate::Orders;

/// Variables by which systemd speaks to the process that it watches (systemd.exec(5)). The agent is
/// not that process: with `NOTIFY_SOCKET`, say, it could report in the sidecar's name.
const OF_THE_SERVICE: [&str; 19] = [
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

/// The orders for the pane process of `request`, from the environment of the launcher (or of the
/// sidecar, which has the same) and the unit's group, if there is one.
#[must_use]
pub fn pane_orders(
    request: &Request,
    environment: impl Iterator<Item = (OsString, OsString)>,
    group: Option<&Cgroup>,
) -> Orders {
    let mut variables: BTreeMap<OsString, OsString> =
        environment.filter(|(name, _)| !OF_THE_SERVICE.iter().any(|own| name == own)).collect();
    variables.extend(request.variables().into_iter().map(|(name, value)| (name.into(), value)));
    let home = variables.get(OsStr::new("HOME")).map(PathBuf::from);
    let beside = std::env::current_exe().ok();
    let path = search_path(
        variables.remove(OsStr::new("PATH")),
        home.as_deref(),
        beside.as_deref().and_then(Path::parent),
        Path::is_dir,
    );
    variables.insert("PATH".into(), path);
    Orders {
        directory: request.working_directory.clone(),
        shell: shell(variables.get(OsStr::new("SHELL")).map(PathBuf::from).or_else(login_shell), is_runnable),
        command: request.command.clone(),
        entrances: group.map(Cgroup::entrances).unwrap_or_default(),
        environment: variables.into_iter().collect(),
    }
}

/// The user's shell, as tmux itself would choose it, but never one that lets nobody in: agents run
/// under service accounts too.
fn shell(wanted: Option<PathBuf>, is_runnable: impl Fn(&Path) -> bool) -> PathBuf {
    let refuses = |shell: &Path| shell.ends_with("nologin") || shell.ends_with("false");
    wanted
        .filter(|shell| shell.is_absolute() && !refuses(shell) && is_runnable(shell))
        .unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

/// The shell of this user's account.
fn login_shell() -> Option<PathBuf> {
    User::from_uid(Uid::effective()).ok().flatten().map(|user| user.shell)
}

fn is_runnable(program: &Path) -> bool {
    !program.as_os_str().as_bytes().contains(&0) && is_program(program)
}

#[cfg(test)]
mod tests {
    use super::{pane_orders, shell};
    use crate::start::Request;
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    #[test]
    fn the_agent_gets_its_settings_and_nothing_that_was_said_to_the_service() {
        let given = [
            ("HOME", "/h"),
            ("API_KEY", "s3cret"),
            ("NOTIFY_SOCKET", "/run/n"),
            ("WATCHDOG_USEC", "1"),
            ("PATH", "/p"),
        ];
        let given: BTreeMap<OsString, OsString> = given.map(|(name, value)| (name.into(), value.into())).into();
        let request =
            Request::parse(Some("coder0".as_ref()), |name| given.get(&OsString::from(name)).cloned(), Path::new("/"))
                .unwrap();
        let orders = pane_orders(&request, given.into_iter(), None);
        let environment: BTreeMap<OsString, OsString> = orders.environment.into_iter().collect();
        let value = |name: &str| environment.get(&OsString::from(name)).and_then(|value| value.to_str());
        assert_eq!(value("API_KEY"), Some("s3cret"));
        assert_eq!(value("MOSAIC_AGENT_NAME"), Some("coder0"));
        assert_eq!(value("MOSAIC_HEARTBEAT_RUN_DIR"), Some("/h/.config/mosaic/fleet/run"));
        assert_eq!((value("NOTIFY_SOCKET"), value("WATCHDOG_USEC")), (None, None));
        assert!(value("PATH").unwrap().starts_with("/p:"));
    }

    #[test]
    fn a_shell_that_lets_nobody_in_is_not_used() {
        let table = [
            (Some("/bin/bash"), "/bin/bash"),
            (Some("/usr/sbin/nologin"), "/bin/sh"),
            (Some("/bin/false"), "/bin/sh"),
            (Some("bash"), "/bin/sh"),
            (Some("/not/there"), "/bin/sh"),
            (None, "/bin/sh"),
        ];
        for (wanted, expected) in table {
            let found = shell(wanted.map(PathBuf::from), |path| path != Path::new("/not/there"));
            assert_eq!(found, Path::new(expected));
        }
    }
}
