//! The address of the user manager.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use mosaic_process::FileFingerprint;
use rustix::fs::CWD;

/// How to reach a user manager: `$XDG_RUNTIME_DIR` and `$DBUS_SESSION_BUS_ADDRESS`.
///
/// Shells started by `sudo`, `su` or cron have neither variable. Then `/run/user/UID` is used if it exists, which
/// it does while the user lingers or is logged in. `systemctl --user` would fail there with "Failed to connect to
/// bus: No medium found".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagerAddress {
    runtime_directory: Option<PathBuf>,
    bus_address: Option<String>,
}

impl ManagerAddress {
    /// The address that an environment names.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let uid = rustix::process::geteuid().as_raw();
        Self::resolve(variable, &Path::new("/run/user").join(uid.to_string()))
    }

    /// The address with exactly these parts.
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

    /// `$XDG_RUNTIME_DIR`, or the directory that replaces it.
    #[must_use]
    pub fn runtime_directory(&self) -> Option<&Path> {
        self.runtime_directory.as_deref()
    }

    /// The mark of the bus socket in the runtime directory. A bus that was started anew has another socket.
    #[must_use]
    pub fn bus_mark(&self) -> Option<FileFingerprint> {
        FileFingerprint::read(CWD, self.runtime_directory.as_ref()?.join("bus")).ok()?
    }

    /// The bus addresses to try, in this order.
    ///
    /// The bus in the runtime directory comes before `$DBUS_SESSION_BUS_ADDRESS`, as it does in `systemctl --user`,
    /// which the launcher uses. A variable that `dbus-run-session` or an X session has set names a bus without a
    /// manager.
    pub(crate) fn bus_addresses(&self) -> Vec<String> {
        let usual = self.own_bus().map(|socket| format!("unix:path={}", escape(&socket)));
        let mut addresses: Vec<String> = usual.into_iter().chain(self.bus_address.clone()).collect();
        addresses.dedup();
        addresses
    }

    /// The manager's private socket, which only `systemctl` can use; `None` if it does not exist.
    pub(crate) fn private_socket(&self) -> Option<PathBuf> {
        let socket = self.runtime_directory.as_ref()?.join("systemd/private");
        socket.exists().then_some(socket)
    }

    /// Sets the environment of a child so that it uses the same address.
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

    /// Whether the runtime directory has a bus socket.
    pub(crate) fn has_bus(&self) -> bool {
        self.own_bus().is_some()
    }

    fn own_bus(&self) -> Option<PathBuf> {
        let socket = self.runtime_directory.as_ref()?.join("bus");
        socket.exists().then_some(socket)
    }

    /// Why there is no manager. `tried` lists the buses that were tried, each with its error.
    pub(crate) fn absence_reason(&self, tried: &str) -> String {
        let reason = match &self.runtime_directory {
            None => "XDG_RUNTIME_DIR is not set and there is no /run/user/UID (is the user logged in, or lingering?)"
                .to_owned(),
            Some(directory) if self.has_bus() => format!("the bus {}/bus has no manager", directory.display()),
            Some(directory) => format!("neither {0}/bus nor {0}/systemd/private exists", directory.display()),
        };
        match (&self.bus_address, tried) {
            (None, _) => reason,
            (Some(address), "") => format!("{reason}, and the bus {address} has no manager"),
            (Some(_), tried) => format!("{reason}; {tried}"),
        }
    }
}

/// Escapes a path for a D-Bus address: every special byte becomes `%xx`.
fn escape(path: &Path) -> String {
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
    use super::{ManagerAddress, escape};
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    #[test]
    fn xdg_runtime_dir_takes_precedence_over_an_existing_default() {
        let existing = tempfile::tempdir().unwrap();
        let absent = existing.path().join("absent");
        let usual = Some(existing.path().to_owned());
        let named = Some(PathBuf::from("/named"));
        let table = [
            (Some("/named"), existing.path(), named.clone()),
            (Some("/named"), &absent, named),
            (Some(""), existing.path(), usual.clone()),
            (None, existing.path(), usual),
            (None, &absent, None),
        ];
        for (set, place, expected) in table {
            let variable = |name: &str| (name == "XDG_RUNTIME_DIR").then_some(set).flatten().map(OsString::from);
            let address = ManagerAddress::resolve(variable, place);
            assert_eq!(address.runtime_directory(), expected.as_deref(), "{set:?} {}", place.display());
        }
    }

    #[test]
    fn the_bus_of_the_runtime_directory_is_tried_first() {
        let existing = tempfile::tempdir().unwrap();
        let address = ManagerAddress::new(Some(existing.path().to_owned()), Some("unix:path=/x".to_owned()));
        assert_eq!(address.bus_addresses(), ["unix:path=/x"]);
        std::fs::write(existing.path().join("bus"), "").unwrap();
        assert_eq!(
            address.bus_addresses(),
            [format!("unix:path={}/bus", existing.path().display()), "unix:path=/x".to_owned()]
        );
    }

    #[test]
    fn special_characters_in_a_bus_path_are_escaped() {
        assert_eq!(escape(Path::new("/run/a b,c;d=é/bus")), "/run/a%20b%2cc%3bd%3d%c3%a9/bus");
    }
}
