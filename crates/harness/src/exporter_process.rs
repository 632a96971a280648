use crate::{Deadline, HttpAnswer, ProcessWatch};
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::thread;

/// A running `mosaic-fleet-exporter` that listens on a port of its own; it ends with this value.
#[derive(Debug)]
pub struct ExporterProcess {
    child: Child,
    address: SocketAddr,
}

/// Where something listens that has not told it yet: it has to end with its value all the same.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl ExporterProcess {
    /// Starts this command, which is an exporter with all its flags but for where it listens, and waits
    /// until it has looked at the fleet once.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.args(["--web.listen-address=127.0.0.1:0", "--log.format=logfmt"]);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("start the exporter");
        let said = child.stderr.take().expect("it is piped");
        let (address, ready) = listen(said);
        let mut exporter = Self { child, address: UNKNOWN };
        exporter.address = address.recv_timeout(Deadline::default().remaining()).expect("the exporter does not listen");
        ready.recv_timeout(Deadline::default().remaining()).expect("the exporter does not get ready");
        exporter
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The exporter itself, which a command that enters a namespace before has become.
    #[must_use]
    pub fn process(&self) -> ProcessWatch {
        ProcessWatch::new(self.child.id()).expect("the exporter runs")
    }

    /// What it answers to a GET of this path.
    #[must_use]
    pub fn get(&self, path: &str) -> HttpAnswer {
        self.get_with(path, &[])
    }

    /// As [`get`](Self::get), with further headers.
    #[must_use]
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> HttpAnswer {
        HttpAnswer::get(self.address, path, headers)
    }

    /// A scrape, which has to succeed.
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

/// Reads what it logs until it ends, and passes on what is waited for. All of it goes to standard error.
fn listen(said: ChildStderr) -> (mpsc::Receiver<SocketAddr>, mpsc::Receiver<()>) {
    let (tell_address, address) = mpsc::channel();
    let (tell_ready, ready) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            eprintln!("exporter: {line}");
            let found = line.split_whitespace().find_map(|word| word.strip_prefix("address=")?.parse().ok());
            if let Some(found) = found.filter(|_| line.contains("listening")) {
                let _ = tell_address.send(found);
            }
            if line.contains("ready") {
                let _ = tell_ready.send(());
            }
        }
    });
    (address, ready)
}
