//! Which fleet to look at, and how to reach it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use mosaic_domain::{HeartbeatInterval, MosaicHome, SocketName};
use mosaic_heartbeat::RunDirectory;
use mosaic_roster::{HolderSession, Roster};
use mosaic_systemd::{Logind, ManagerAddress, UnitDirectories};

use crate::snapshot::SourceName;

/// One fleet of one user on this host. All of it is passed in: nothing here asks the environment.
#[derive(Debug)]
pub struct Target {
    /// Its home.
    pub home: MosaicHome,
    /// The user's home, below which programs usually are.
    pub user_home: Option<PathBuf>,
    /// The roster's file.
    pub roster_path: PathBuf,
    /// Its heartbeats.
    pub run_directory: RunDirectory,
    /// How to reach the user manager.
    pub manager: ManagerAddress,
    /// Where unit files are; nothing if no variable says where the user's are.
    pub unit_directories: Option<UnitDirectories>,
    /// Where logind writes down who lingers.
    pub logind: Logind,
    /// The host's name.
    pub host: String,
    /// The user's name.
    pub user: String,
    /// Whose fleet it is: `MOSAIC_TENANT`, or the user.
    pub tenant: String,
    /// Where tmux is found.
    pub search_path: Option<OsString>,
    /// The interval of heartbeats that do not say theirs.
    pub assumed_interval: HeartbeatInterval,
    /// The socket if the roster cannot be read.
    pub fallback_socket: SocketName,
    /// The holder's session if the roster cannot be read.
    pub fallback_holder: HolderSession,
    /// How long each source may take.
    pub limit: Duration,
    /// Sources that nobody wants to know of: nothing is opened, asked or started for them. The roster, by
    /// which everything else goes, is read all the same.
    pub without: BTreeSet<SourceName>,
}

impl Target {
    /// How long a source may take unless somebody is more patient.
    pub const LIMIT: Duration = Duration::from_millis(2500);

    /// Where the programs of this project are installed.
    #[must_use]
    pub fn tools(&self) -> PathBuf {
        self.home.path().join("tools/fleet")
    }

    /// The session that holds the fleet's tmux server.
    pub(crate) fn holder_by<'a>(&'a self, roster: Option<&'a Roster>) -> &'a str {
        roster.map_or(self.fallback_holder.as_str(), |roster| roster.tmux.holder_session.as_str())
    }

    /// The fleet's tmux socket.
    pub(crate) fn socket_by(&self, roster: Option<&Roster>) -> SocketName {
        roster.map_or_else(|| self.fallback_socket.clone(), |roster| roster.tmux.socket_name.clone())
    }
}
