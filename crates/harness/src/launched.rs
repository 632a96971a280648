use crate::{Deadline, ProcessWatch};
use std::io::Read;
use std::process::{Child, Output};
use std::sync::mpsc::{Receiver, channel};

/// A start of an agent that is under way, its output collected meanwhile; see
/// [`Launch::begin`](crate::Launch::begin).
#[derive(Debug)]
pub struct Launched {
    child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

impl Launched {
    /// Of a child whose output is in pipes.
    pub(crate) fn new(mut child: Child) -> Self {
        let stdout = drain(child.stdout.take().expect("piped"));
        let stderr = drain(child.stderr.take().expect("piped"));
        Self { child, stdout, stderr }
    }

    /// The process, which in the foreground becomes the sidecar.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end and the end of its output; panics at the deadline.
    ///
    /// A sidecar that kept the launcher's standard output would hang every `$(start-agent-session
    /// …)`, so that is a panic as well.
    #[must_use]
    pub fn finish(mut self, deadline: Deadline) -> Output {
        let receive = |from: &Receiver<Vec<u8>>, what: &str| {
            let received = from.recv_timeout(deadline.remaining());
            received.unwrap_or_else(|_| panic!("{what} of process {} is still open", self.child.id()))
        };
        let (stdout, stderr) = (receive(&self.stdout, "standard output"), receive(&self.stderr, "standard error"));
        if let Ok(watch) = ProcessWatch::new(self.child.id()) {
            watch.wait();
        }
        let status = self.child.wait().expect("it has ended");
        Output { status, stdout, stderr }
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}
