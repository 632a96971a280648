use crate::Fleet;
use std::path::PathBuf;

/// Says how a [`Fleet`] differs from the usual one.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct FleetBuilder {
    pub(crate) socket: Option<String>,
    pub(crate) run: Option<PathBuf>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) owner: Option<(u32, u32)>,
}

impl FleetBuilder {
    /// Another name for the tmux socket; its directory is the fleet's own all the same.
    pub fn tmux_socket(mut self, name: impl Into<String>) -> Self {
        self.socket = Some(name.into());
        self
    }

    /// Heartbeats go there; relative to the fleet's root. Sets `MOSAIC_HEARTBEAT_RUN_DIR`.
    pub fn run_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.run = Some(path.into());
        self
    }

    /// A variable that everything in the fleet gets.
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((key.into(), value.into()));
        self
    }

    /// Everything runs as that user, for tests in which root could do what nobody else can.
    /// Only root can ask for it.
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = Some((uid, gid));
        self
    }

    /// Makes the directories; nothing runs yet.
    #[must_use]
    pub fn build(self) -> Fleet {
        Fleet::build(self)
    }
}
