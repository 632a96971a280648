//! The state of a unit: as `systemctl list-units` lists it, and in detail as `systemctl show` does.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use mosaic_domain::{ExitVerdict, Pid};
use serde::{Serialize, Serializer};

use crate::{ManagerError, UnitName};

/// The `ActiveState` property of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActiveState {
    /// Started. A unit with `RemainAfterExit=yes` stays active without a process.
    Active,
    /// Active, and reloading its configuration.
    Reloading,
    /// Not started, or ended successfully.
    Inactive,
    /// Ended with an error.
    Failed,
    /// Starting, or waiting for an automatic restart.
    Activating,
    /// Stopping.
    Deactivating,
    /// Under maintenance; only some unit types have this state.
    Maintenance,
    /// Active, and its extension images are being replaced.
    Refreshing,
}

impl ActiveState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Active,
        Self::Reloading,
        Self::Inactive,
        Self::Failed,
        Self::Activating,
        Self::Deactivating,
        Self::Maintenance,
        Self::Refreshing,
    ];

    /// The value of the property, as systemd prints it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Reloading => "reloading",
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Activating => "activating",
            Self::Deactivating => "deactivating",
            Self::Maintenance => "maintenance",
            Self::Refreshing => "refreshing",
        }
    }
}

impl FromStr for ActiveState {
    /// The unknown value.
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or_else(|| word.to_owned())
    }
}

impl fmt::Display for ActiveState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for ActiveState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The `LoadState` property of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoadState {
    /// The unit file has not been read yet.
    Stub,
    /// The unit file was read.
    Loaded,
    /// No unit file exists.
    NotFound,
    /// The unit file has an invalid setting.
    BadSetting,
    /// The unit file could not be read.
    Error,
    /// The name is an alias of another unit.
    Merged,
    /// The unit file is a link to `/dev/null`, so the unit cannot be started.
    Masked,
}

impl LoadState {
    /// All states.
    pub const ALL: [Self; 7] =
        [Self::Stub, Self::Loaded, Self::NotFound, Self::BadSetting, Self::Error, Self::Merged, Self::Masked];

    /// The value of the property, as systemd prints it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stub => "stub",
            Self::Loaded => "loaded",
            Self::NotFound => "not-found",
            Self::BadSetting => "bad-setting",
            Self::Error => "error",
            Self::Merged => "merged",
            Self::Masked => "masked",
        }
    }
}

impl FromStr for LoadState {
    /// The unknown value.
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == word).ok_or_else(|| word.to_owned())
    }
}

impl fmt::Display for LoadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for LoadState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A unit as the manager lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The name of the unit.
    pub name: UnitName,
    /// Whether its unit file could be loaded.
    pub load: LoadState,
    /// Whether it is started.
    pub active: ActiveState,
    /// The `SubState`, which depends on the unit type: `running`, `exited`, `auto-restart`, …
    pub sub: String,
}

impl Unit {
    /// Parses the columns of a listing.
    pub(crate) fn parse(name: &str, load: &str, active: &str, sub: String) -> Result<Self, ManagerError> {
        Ok(Self {
            name: name.parse().map_err(|error| ManagerError::refused("list units", error))?,
            load: load.parse().map_err(|state| ManagerError::unknown_state(name, state))?,
            active: active.parse().map_err(|state| ManagerError::unknown_state(name, state))?,
            sub,
        })
    }
}

/// The properties of one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDetail {
    /// Whether it is started.
    pub active: ActiveState,
    /// The `SubState`: `running`, `auto-restart`, …
    pub sub: String,
    /// The `Result` of the last run: `success`, `exit-code`, `start-limit-hit`, …
    pub result: String,
    /// How the main process ended the last time; `None` if it never ran or still runs.
    pub exec_main_status: Option<ExitVerdict>,
    /// The number of automatic restarts since the last manual start.
    pub n_restarts: u32,
    /// When the state last changed.
    pub since: Option<Timestamp>,
    /// The main process.
    pub main_pid: Option<Pid>,
    /// The control group, as a path below the root of the hierarchy.
    pub control_group: Option<PathBuf>,
}

/// Why a unit failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFailure {
    /// The `Result` of the last run: `exit-code`, `start-limit-hit`, …
    pub result: String,
    /// How the main process ended the last time.
    pub exec_main_status: Option<ExitVerdict>,
}

impl UnitFailure {
    /// The step at which systemd itself failed to start the program of a unit, such as "EXEC", by the exit code that its
    /// child has then (systemd.exec(5)). `None` for an exit code of the program.
    #[must_use]
    pub fn exec_step(code: u8) -> Option<&'static str> {
        Some(match code {
            200 => "CHDIR",
            202 => "FDS",
            203 => "EXEC",
            204 => "MEMORY",
            205 => "LIMITS",
            208 => "STDIN",
            209 => "STDOUT",
            212 => "KEYRING",
            216 => "GROUP",
            217 => "USER",
            218 => "CAPABILITIES",
            219 => "CGROUP",
            222 => "STDERR",
            226 => "NAMESPACE",
            227 => "NO_NEW_PRIVILEGES",
            228 => "SECCOMP",
            233 => "RUNTIME_DIRECTORY",
            243 => "CREDENTIALS",
            _ => return None,
        })
    }
}

impl UnitDetail {
    /// Converts `ExecMainCode`, which is `si_code` of the child's `SIGCHLD`, and `ExecMainStatus`.
    pub(crate) fn exit_verdict(code: i32, status: i32) -> Option<ExitVerdict> {
        const EXITED: i32 = 1;
        const KILLED: i32 = 2;
        const DUMPED: i32 = 3;
        let status = u8::try_from(status).ok()?;
        match code {
            EXITED => Some(ExitVerdict::Code(status)),
            KILLED | DUMPED => Some(ExitVerdict::Signal(status)),
            _ => None,
        }
    }
}
