use crate::{Deadline, PaneHello, ProcessWatch};
use rustix::net::sockopt::socket_peercred;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

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
