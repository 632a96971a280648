use crate::{Deadline, ProcessWatch};
use rustix::net::sockopt::socket_peercred;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

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

/// What a test asks of a pane process; one JSON line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PaneRequest {
    /// Write this to the terminal.
    Print(String),
    /// End with this code.
    Exit(i32),
    /// End by this signal.
    KillSelf(i32),
    /// Start a descendant in a session of its own that ignores SIGHUP and SIGTERM.
    SpawnOrphan,
    /// Ignore SIGHUP, SIGINT and SIGTERM from now on.
    IgnoreTermination,
    /// Tell the environment.
    Environment,
    /// Tell the working directory.
    WorkingDirectory,
}

/// What a pane process answers; one JSON line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum PaneReply {
    /// It is done.
    Done,
    /// The PID of the descendant, which is already in its own session.
    Orphan(u32),
    /// The environment the process was started with.
    Environment(BTreeMap<String, String>),
    /// The working directory.
    WorkingDirectory(PathBuf),
}

/// The first line a process of the test's sends: who it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaneHello {
    /// The agent it was started as.
    pub agent: String,
    /// Whether it is the descendant that outlives its pane, rather than the pane process.
    pub orphan: bool,
}

/// A process of the test's that has said hello.
#[derive(Debug)]
pub(crate) struct PaneConnection {
    pub(crate) hello: PaneHello,
    pub(crate) process: ProcessWatch,
    stream: Mutex<BufReader<UnixStream>>,
}

impl PaneConnection {
    /// `None` when the process is gone before it could introduce itself.
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
            .unwrap_or_else(|error| panic!("pane process of {} does not listen: {error}", self.hello.agent));
    }

    pub(crate) fn receive(&self) -> String {
        let mut line = String::new();
        let mut stream = self.stream.lock().unwrap();
        match stream.read_line(&mut line) {
            Ok(1..) => line,
            answer => panic!("pane process of {} gave no answer: {answer:?}", self.hello.agent),
        }
    }
}

/// Where the pane processes of a fleet report; the test listens, so that a process started anew
/// has nothing to clean up after the one before it.
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
        let listener = Arc::new(UnixListener::bind(path).expect("the socket of the panes"));
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

    /// The agent's latest pane process that is alive, waiting for one if there is none.
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
            assert!(!deadline.passed(), "no pane process of {agent} within {:?}", Deadline::DEFAULT);
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
