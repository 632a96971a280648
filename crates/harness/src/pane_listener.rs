use crate::Deadline;
use crate::pane_connection::PaneConnection;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

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
