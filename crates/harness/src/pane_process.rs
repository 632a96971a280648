use crate::pane_connection::PaneConnection;
use crate::{PaneReply, PaneRequest, ProcessWatch};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A live pane process that does what the test says; see [`Fleet::pane`](crate::Fleet::pane).
#[derive(Clone, Debug)]
pub struct PaneProcess {
    connection: Arc<PaneConnection>,
}

impl PaneProcess {
    pub(crate) fn new(connection: Arc<PaneConnection>) -> Self {
        Self { connection }
    }

    /// Its PID, as the kernel told it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.connection.process.pid()
    }

    /// Its death can be waited for here; after [`exit`](Self::exit) it has happened.
    #[must_use]
    pub fn process(&self) -> &ProcessWatch {
        &self.connection.process
    }

    /// Writes to its terminal; it has been written when this returns.
    pub fn print(&self, text: impl Into<String>) {
        self.ask(&PaneRequest::Print(text.into()));
    }

    /// Ends with an exit code, and waits for that.
    pub fn exit(&self, code: i32) {
        self.end(&PaneRequest::Exit(code));
    }

    /// Ends by a signal it sends itself, also one it was told to ignore, and waits for that.
    pub fn kill_self(&self, signal: i32) {
        self.end(&PaneRequest::KillSelf(signal));
    }

    /// Starts a descendant in a session of its own that ignores SIGHUP and SIGTERM; its PID.
    #[must_use]
    pub fn spawn_orphan(&self) -> u32 {
        match self.ask(&PaneRequest::SpawnOrphan) {
            PaneReply::Orphan(pid) => pid,
            reply => panic!("{reply:?} instead of a PID"),
        }
    }

    /// Ignores SIGHUP, SIGINT and SIGTERM from now on.
    pub fn ignore_termination(&self) {
        self.ask(&PaneRequest::IgnoreTermination);
    }

    /// The environment it was started with.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        match self.ask(&PaneRequest::Environment) {
            PaneReply::Environment(environment) => environment,
            reply => panic!("{reply:?} instead of the environment"),
        }
    }

    /// Its working directory.
    #[must_use]
    pub fn working_directory(&self) -> PathBuf {
        match self.ask(&PaneRequest::WorkingDirectory) {
            PaneReply::WorkingDirectory(path) => path,
            reply => panic!("{reply:?} instead of the working directory"),
        }
    }

    fn ask(&self, request: &PaneRequest) -> PaneReply {
        self.connection.send(&line(request));
        serde_json::from_str(&self.connection.receive()).expect("a reply")
    }

    fn end(&self, request: &PaneRequest) {
        self.connection.send(&line(request));
        self.connection.process.wait();
    }
}

fn line(request: &PaneRequest) -> String {
    serde_json::to_string(request).expect("a request is JSON")
}
