use crate::prometheus::{PrometheusSeries, percent_encode};
use crate::{Deadline, Fleet, HttpResponse, required_program};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A real `VictoriaMetrics` server on a free port, with its data below a fleet's root. It is killed on drop.
#[derive(Debug)]
pub struct VictoriaMetrics {
    child: Child,
    address: SocketAddr,
}

impl VictoriaMetrics {
    /// Starts a server with this scrape configuration, or returns `None` with a skip notice if it is not installed. If
    /// `CI` is set, that is a panic.
    #[must_use]
    pub fn start_or_skip(fleet: &Fleet, configuration: &str) -> Option<Self> {
        let program = required_program("victoria-metrics")?;
        let directory = fleet.root().join("victoria-metrics");
        fs::create_dir(&directory).expect("make a directory");
        let configuration_file = directory.join("scrape.yml");
        fs::write(&configuration_file, configuration).expect("write a configuration");
        let mut command = fleet.command(program);
        command
            .arg(format!("-promscrape.config={}", configuration_file.display()))
            .arg(format!("-storageDataPath={}", directory.join("data").display()))
            .args(["-httpListenAddr=127.0.0.1:0", "-retentionPeriod=2d", "-loggerLevel=WARN"]);
        let child = command.stdout(Stdio::null()).spawn().expect("start VictoriaMetrics");
        let mut server = Self { child, address: (Ipv4Addr::LOCALHOST, 0).into() };
        let port = server.wait_for_port();
        server.address.set_port(port);
        Some(server)
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Evaluates an expression at a time in seconds since 1970, or for the newest samples without one.
    #[must_use]
    pub fn instant(&self, expression: &str, time: Option<i64>) -> Vec<PrometheusSeries> {
        let time = time.map_or_else(|| "latency_offset=1ms".to_owned(), |time| format!("time={time}"));
        let query = percent_encode(expression);
        let answer = HttpResponse::get(self.address, &format!("/api/v1/query?nocache=1&{time}&query={query}"), &[]);
        let parsed: Value = serde_json::from_str(&answer.text()).expect("VictoriaMetrics answers with JSON");
        assert_eq!(parsed["status"], "success", "{expression}: {parsed:#}");
        PrometheusSeries::all(&parsed["data"])
    }

    /// Stores samples in the text format, each with its timestamp in milliseconds.
    pub fn import(&self, samples: &str) {
        let mut connection = TcpStream::connect(self.address).expect("connect");
        let head = "POST /api/v1/import/prometheus HTTP/1.1\r\nHost: localhost\r\nConnection: close";
        write!(connection, "{head}\r\nContent-Length: {}\r\n\r\n{samples}", samples.len()).expect("send samples");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("read the response");
        assert_eq!(HttpResponse::parse(&answer).status, 204, "{samples}");
        assert_eq!(HttpResponse::get(self.address, "/internal/force_flush", &[]).status, 200);
    }

    /// Waits until the process listens. It does not log the port that the kernel chose.
    fn wait_for_port(&mut self) -> u16 {
        let deadline = Deadline::default();
        loop {
            if let Some(port) = listening_port(&Path::new("/proc").join(self.child.id().to_string())) {
                return port;
            }
            assert!(self.child.try_wait().expect("wait").is_none(), "VictoriaMetrics has ended");
            assert!(!deadline.passed(), "VictoriaMetrics does not listen");
            // The kernel has no event for a socket that listens.
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for VictoriaMetrics {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Rules as vmalert reads them: checks that it accepts the file.
///
/// # Panics
/// vmalert rejects the rules.
pub fn assert_vmalert_accepts(rules: &Path) {
    let Some(vmalert) = required_program("vmalert") else { return };
    let output = Command::new(vmalert).arg(format!("-rule={}", rules.display())).arg("-dryRun").output();
    let output = output.expect("run vmalert");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The TCP port on which a process listens.
fn listening_port(process: &Path) -> Option<u16> {
    let descriptors = fs::read_dir(process.join("fd")).ok()?.flatten();
    let links: Vec<String> = descriptors
        .filter_map(|descriptor| Some(fs::read_link(descriptor.path()).ok()?.to_string_lossy().into_owned()))
        .collect();
    let sockets = fs::read_to_string(process.join("net/tcp")).ok()?;
    sockets.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..] else { return None };
        let is_listening = state == "0A" && links.contains(&format!("socket:[{inode}]"));
        let port = local.split_once(':').filter(|_| is_listening)?.1;
        u16::from_str_radix(port, 16).ok()
    })
}
