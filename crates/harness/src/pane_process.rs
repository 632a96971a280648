use crate::{Deadline, ProcessWatch};
use rustix::net::sockopt::socket_peercred;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

/// A running pane process that the test controls; see [`Fleet::pane`](crate::Fleet::pane).
#[derive(Clone, Debug)]
pub struct PaneProcess {
    connection: Arc<PaneConnection>,
}

impl PaneProcess {
    pub(crate) fn new(connection: Arc<PaneConnection>) -> Self {
        Self { connection }
    }

    /// The PID, from the peer credentials of the connection.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.connection.process.pid()
    }

    /// The process, to wait for its end. After [`exit`](Self::exit) it has ended.
    #[must_use]
    pub fn process(&self) -> &ProcessWatch {
        &self.connection.process
    }

    /// Writes to the terminal of the pane and returns when that is done.
    pub fn print(&self, text: impl Into<String>) {
        self.ask(&PaneRequest::Print(text.into()));
    }

    /// Makes the process exit with a code and waits for its end.
    pub fn exit(&self, code: i32) {
        self.end(&PaneRequest::Exit(code));
    }

    /// Makes the process kill itself with a signal, even one that it ignores, and waits for its end.
    pub fn kill_self(&self, signal: i32) {
        self.end(&PaneRequest::KillSelf(signal));
    }

    /// Starts a descendant in its own session that ignores SIGHUP, SIGINT and SIGTERM, and returns its PID.
    #[must_use]
    pub fn spawn_orphan(&self) -> u32 {
        match self.ask(&PaneRequest::SpawnOrphan) {
            PaneReply::Orphan(pid) => pid,
            reply => panic!("expected a PID, got {reply:?}"),
        }
    }

    /// Makes the process ignore SIGHUP, SIGINT and SIGTERM.
    pub fn ignore_termination(&self) {
        self.ask(&PaneRequest::IgnoreTermination);
    }

    /// The environment of the process.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        match self.ask(&PaneRequest::Environment) {
            PaneReply::Environment(environment) => environment,
            reply => panic!("expected the environment, got {reply:?}"),
        }
    }

    /// The working directory of the process.
    #[must_use]
    pub fn working_directory(&self) -> PathBuf {
        match self.ask(&PaneRequest::WorkingDirectory) {
            PaneReply::WorkingDirectory(path) => path,
            reply => panic!("expected the working directory, got {reply:?}"),
        }
    }

    fn ask(&self, request: &PaneRequest) -> PaneReply {
        self.connection.send(&line(request));
        serde_json::from_str(&self.connection.receive()).expect("a reply is JSON")
    }

    fn end(&self, request: &PaneRequest) {
        self.connection.send(&line(request));
        self.connection.process.wait();
    }
}

fn line(request: &PaneRequest) -> String {
    serde_json::to_string(request).expect("a request is JSON")
}

/// A request to a pane process, one JSON line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PaneRequest {
    /// Write this text to the terminal.
    Print(String),
    /// Exit with this code.
    Exit(i32),
    /// Die by this signal.
    KillSelf(i32),
    /// Start a descendant in its own session that ignores SIGHUP, SIGINT and SIGTERM.
    SpawnOrphan,
    /// Ignore SIGHUP, SIGINT and SIGTERM.
    IgnoreTermination,
    /// Return the environment.
    Environment,
    /// Return the working directory.
    WorkingDirectory,
}

/// The reply of a pane process, one JSON line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PaneReply {
    /// The request is done.
    Done,
    /// The PID of the descendant, which already runs in its own session.
    Orphan(u32),
    /// The environment of the process.
    Environment(BTreeMap<String, String>),
    /// The working directory.
    WorkingDirectory(PathBuf),
}

/// The first line that a pane process or its descendant sends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaneHello {
    /// The name of its agent.
    pub agent: String,
    /// Whether it is the descendant that outlives the pane, not the pane process itself.
    pub orphan: bool,
}

/// A connected pane process or descendant.
#[derive(Debug)]
pub(crate) struct PaneConnection {
    pub(crate) hello: PaneHello,
    pub(crate) process: ProcessWatch,
    stream: Mutex<BufReader<UnixStream>>,
}

impl PaneConnection {
    /// Reads the hello; `None` if the process has ended before it sent one.
    pub(crate) fn accept(stream: UnixStream) -> Option<Self> {
        stream.set_read_timeout(Some(Deadline::DEFAULT)).ok()?;
        let peer = socket_peercred(&stream).ok()?;
        let process = ProcessWatch::new(u32::try_from(peer.pid.as_raw_nonzero().get()).ok()?).ok()?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        Some(Self { hello: serde_json::from_str(&line).ok()?, process, stream: Mutex::new(stream) })
    }

    pub(crate) fn send(&self, line: &str) {
        let stream = self.stream.lock().unwrap();
        writeln!(stream.get_ref(), "{line}")
            .unwrap_or_else(|error| panic!("the pane process of {} does not read requests: {error}", self.hello.agent));
    }

    pub(crate) fn receive(&self) -> String {
        let mut line = String::new();
        let mut stream = self.stream.lock().unwrap();
        match stream.read_line(&mut line) {
            Ok(1..) => line,
            answer => panic!("the pane process of {} sent no reply: {answer:?}", self.hello.agent),
        }
    }
}

/// Accepts the connections of a fleet's pane processes. The test listens and the processes connect, so that a
/// restarted process finds no stale socket of its predecessor.
#[derive(Debug)]
pub(crate) struct PaneListener {
    listener: Arc<UnixListener>,
    arrivals: Arc<Arrivals>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Arrivals {
    connections: Mutex<Vec<Arc<PaneConnection>>>,
    arrived: Condvar,
}

impl PaneListener {
    pub(crate) fn new(path: &Path) -> Self {
        let listener = Arc::new(UnixListener::bind(path).expect("bind the socket of the panes"));
        let arrivals = Arc::new(Arrivals::default());
        let (accepting, into) = (Arc::clone(&listener), Arc::clone(&arrivals));
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = accepting.accept() {
                let Some(connection) = PaneConnection::accept(stream) else {
                    continue;
                };
                into.connections.lock().unwrap().push(Arc::new(connection));
                into.arrived.notify_all();
            }
        });
        Self { listener, arrivals, thread: Some(thread) }
    }

    /// Waits for a live pane process of the agent and returns the latest one.
    pub(crate) fn latest(&self, agent: &str) -> Arc<PaneConnection> {
        let deadline = Deadline::default();
        let mut connections = self.arrivals.connections.lock().unwrap();
        loop {
            connections.retain(|connection| !connection.process.is_dead());
            let pane =
                connections.iter().rev().find(|connection| connection.hello.agent == agent && !connection.hello.orphan);
            if let Some(pane) = pane {
                return Arc::clone(pane);
            }
            assert!(!deadline.passed(), "no pane process of {agent} has connected within {:?}", Deadline::DEFAULT);
            connections = self.arrivals.arrived.wait_timeout(connections, deadline.remaining()).unwrap().0;
        }
    }
}

impl Drop for PaneListener {
    fn drop(&mut self) {
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
