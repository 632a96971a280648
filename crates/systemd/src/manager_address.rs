//! Where the user manager of this user is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use mosaic_process::FileFingerprint;
use rustix::fs::CWD;

/// What leads to a user manager: `$XDG_RUNTIME_DIR`, `$DBUS_SESSION_BUS_ADDRESS`.
///
/// Shells that `sudo`, `su` or cron made have neither. Then `/run/user/UID` is taken, if it is
/// there, which it is while the user lingers or is logged in somewhere; `systemctl --user` would
/// give up with "Failed to connect to bus: No medium found".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagerAddress {
    runtime_directory: Option<PathBuf>,
    bus_address: Option<String>,
}

impl ManagerAddress {
    /// From an environment.
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let uid = rustix::process::geteuid().as_raw();
        Self::resolve(variable, &Path::new("/run/user").join(uid.to_string()))
    }

    /// By these alone.
    #[must_use]
    pub fn new(runtime_directory: Option<PathBuf>, bus_address: Option<String>) -> Self {
        Self { runtime_directory, bus_address }
    }

    fn resolve(variable: impl Fn(&str) -> Option<OsString>, usual: &Path) -> Self {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let bus_address = set("DBUS_SESSION_BUS_ADDRESS").and_then(|address| address.into_string().ok());
        let named = set("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime_directory = named.or_else(|| usual.is_dir().then(|| usual.to_owned()));
        Self { runtime_directory, bus_address }
    }

    /// `$XDG_RUNTIME_DIR`, or what stands in for it.
    #[must_use]
    pub fn runtime_directory(&self) -> Option<&Path> {
        self.runtime_directory.as_deref()
    }

    /// The mark of the bus in the runtime directory: a bus that was started anew has another socket.
    #[must_use]
    pub fn mark(&self) -> Option<FileFingerprint> {
        FileFingerprint::read(CWD, self.runtime_directory.as_ref()?.join("bus")).ok()?
    }

    /// The addresses of buses that may lead there, best first.
    ///
    /// The one in the runtime directory comes before the one that is named: `systemctl --user`, by
    /// which the launcher asks, looks there first too. A variable that `dbus-run-session` or an X
    /// session has set leads to a bus without a manager.
    pub(crate) fn buses(&self) -> Vec<String> {
        let usual = self.own_bus().map(|socket| format!("unix:path={}", escaped(&socket)));
        let mut buses: Vec<String> = usual.into_iter().chain(self.bus_address.clone()).collect();
        buses.dedup();
        buses
    }

    /// The manager's own socket, which `systemctl` knows how to use, if it is there.
    pub(crate) fn private_socket(&self) -> Option<PathBuf> {
        let socket = self.runtime_directory.as_ref()?.join("systemd/private");
        socket.exists().then_some(socket)
    }

    /// Lets a child look for the manager in the same places.
    pub(crate) fn apply(&self, command: &mut Command) {
        match &self.runtime_directory {
            Some(directory) => command.env("XDG_RUNTIME_DIR", directory),
            None => command.env_remove("XDG_RUNTIME_DIR"),
        };
        match &self.bus_address {
            Some(address) => command.env("DBUS_SESSION_BUS_ADDRESS", address),
            None => command.env_remove("DBUS_SESSION_BUS_ADDRESS"),
        };
    }

    /// Is there a bus of the user's, where a manager would be?
    pub(crate) fn has_bus(&self) -> bool {
        self.own_bus().is_some()
    }

    fn own_bus(&self) -> Option<PathBuf> {
        let socket = self.runtime_directory.as_ref()?.join("bus");
        socket.exists().then_some(socket)
    }

    /// Why there is no manager; `tried` is what came of the buses.
    pub(crate) fn why_absent(&self, tried: &str) -> String {
        let place = match &self.runtime_directory {
            None => "XDG_RUNTIME_DIR is not set and there is no /run/user/UID (is the user logged in, or lingering?)"
                .to_owned(),
            Some(directory) if self.has_bus() => format!("no manager is on the bus {}/bus", directory.display()),
            Some(directory) => format!("neither {0}/bus nor {0}/systemd/private is there", directory.display()),
        };
        match (&self.bus_address, tried) {
            (None, _) => place,
            (Some(address), "") => format!("{place}, nor is one on the bus {address}"),
            (Some(_), tried) => format!("{place}; {tried}"),
        }
    }
}

/// A path in a D-Bus address: whatever is not plain there becomes `%xx`.
fn escaped(path: &Path) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt as _;

    path.as_os_str().as_bytes().iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii_alphanumeric() || b"-_/.\\*".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02x}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{ManagerAddress, escaped};
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    #[test]
    fn the_environment_comes_before_what_is_usual_and_that_counts_only_where_it_is_there() {
        let there = tempfile::tempdir().unwrap();
        let absent = there.path().join("absent");
        let usual = Some(there.path().to_owned());
        let named = Some(PathBuf::from("/named"));
        let table = [
            (Some("/named"), there.path(), named.clone()),
            (Some("/named"), &absent, named),
            (Some(""), there.path(), usual.clone()),
            (None, there.path(), usual),
            (None, &absent, None),
        ];
        for (set, place, expected) in table {
            let variable = |name: &str| (name == "XDG_RUNTIME_DIR").then_some(set).flatten().map(OsString::from);
            let address = ManagerAddress::resolve(variable, place);
            assert_eq!(address.runtime_directory(), expected.as_deref(), "{set:?} {}", place.display());
        }
    }

    #[test]
    fn the_bus_of_the_runtime_directory_comes_before_the_one_that_is_named() {
        let there = tempfile::tempdir().unwrap();
        let address = ManagerAddress::new(Some(there.path().to_owned()), Some("unix:path=/x".to_owned()));
        assert_eq!(address.buses(), ["unix:path=/x"]);
        std::fs::write(there.path().join("bus"), "").unwrap();
        assert_eq!(address.buses(), [format!("unix:path={}/bus", there.path().display()), "unix:path=/x".to_owned()]);
    }

    #[test]
    fn a_path_with_odd_characters_stays_one_path_in_an_address() {
        assert_eq!(escaped(Path::new("/run/a b,c;d=é/bus")), "/run/a%20b%2cc%3bd%3d%c3%a9/bus");
    }
}
