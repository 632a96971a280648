use crate::{Deadline, HttpResponse, ProcessWatch};
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;

/// A running `mosaic-fleet-exporter` on a free port. It is killed on drop.
#[derive(Debug)]
pub struct ExporterProcess {
    child: Child,
    address: SocketAddr,
}

/// The address until the process has logged its own. The value exists by then, so that drop kills the process.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl ExporterProcess {
    /// Starts the exporter with this command, which must not set the listen address or the log format, and waits
    /// until the exporter has observed the fleet once.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.args(["--web.listen-address=127.0.0.1:0", "--log.format=logfmt"]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("start the exporter");
        let log = child.stderr.take().expect("standard error is piped");
        let (address, ready) = watch_log(log);
        let mut exporter = Self { child, address: UNKNOWN };
        exporter.address = address
            .recv_timeout(Deadline::default().remaining())
            .expect("the exporter did not log its address in time");
        ready.recv_timeout(Deadline::default().remaining()).expect("the exporter did not become ready in time");
        exporter
    }

    /// The address of the HTTP server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The exporter's process. A command that enters a namespace first has replaced itself with it.
    #[must_use]
    pub fn process(&self) -> ProcessWatch {
        ProcessWatch::new(self.child.id()).expect("the exporter runs")
    }

    /// Sends a GET request for this path.
    #[must_use]
    pub fn get(&self, path: &str) -> HttpResponse {
        self.get_with(path, &[])
    }

    /// Like [`get`](Self::get), with additional headers.
    #[must_use]
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
        HttpResponse::get(self.address, path, headers)
    }

    /// Scrapes `/metrics` and returns the body. Panics unless the status is 200.
    #[must_use]
    pub fn scrape(&self) -> String {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }
}

impl Drop for ExporterProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Forwards the log to standard error and reports the address and the readiness that it contains.
fn watch_log(log: ChildStderr) -> (mpsc::Receiver<SocketAddr>, mpsc::Receiver<()>) {
    let (send_address, address) = mpsc::channel();
    let (send_ready, ready) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            eprintln!("exporter: {line}");
            let found = line.split_whitespace().find_map(|word| word.strip_prefix("address=")?.parse().ok());
            if let Some(found) = found.filter(|_| line.contains("listening")) {
                let _ = send_address.send(found);
            }
            if line.contains("ready") {
                let _ = send_ready.send(());
            }
        }
    });
    (address, ready)
}
