use crate::{Deadline, Fleet, HttpResponse, ProcessWatch, required_program};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

/// A real Prometheus server on a free port, with its data below a fleet's root. It is killed on drop.
#[derive(Debug)]
pub struct PrometheusServer {
    child: Child,
    address: SocketAddr,
    directory: PathBuf,
}

const CONFIGURATION: &str = "prometheus.yml";
/// The address until the process has logged its own. The value exists by then, so that drop kills the process.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl PrometheusServer {
    /// The log message that contains the address.
    const LISTENS: &str = "Listening on";
    /// The log message that ends the start.
    const READY: &str = "Server is ready to receive web requests";

    /// Starts a server with this configuration and waits until it is ready, or returns `None` with a skip notice if
    /// `prometheus` is not installed. If `CI` is set, that is a panic.
    #[must_use]
    pub fn start_or_skip(fleet: &Fleet, configuration: &str) -> Option<Self> {
        let program = required_program("prometheus")?;
        let directory = fleet.root().join("prometheus");
        std::fs::create_dir(&directory).expect("make a directory");
        std::fs::write(directory.join(CONFIGURATION), configuration).expect("write a configuration");
        Some(Self::start(fleet, &program, directory))
    }

    /// Replaces the configuration, which the server reloads shortly after.
    pub fn reload(&self, configuration: &str) {
        std::fs::write(self.directory.join(CONFIGURATION), configuration).expect("write a configuration");
        ProcessWatch::new(self.child.id()).expect("Prometheus runs").signal(Signal::HUP.as_raw());
    }

    fn start(fleet: &Fleet, program: &Path, directory: PathBuf) -> Self {
        let option = |name: &str, file: &str| format!("--{name}={}", directory.join(file).display());
        let mut command = fleet.command(program);
        command.args([option("config.file", CONFIGURATION), option("storage.tsdb.path", "data")]);
        let command = command.arg("--web.listen-address=127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("start Prometheus");
        let (address, ready) = watch_log(child.stderr.take().expect("standard error is piped"));
        let mut server = Self { child, address: UNKNOWN, directory };
        server.address =
            address.recv_timeout(Deadline::default().remaining()).expect("Prometheus did not log its address in time");
        ready.recv_timeout(Deadline::DEFAULT).expect("Prometheus did not become ready in time");
        server
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Evaluates an expression at the current time.
    #[must_use]
    pub fn instant(&self, expression: &str) -> Vec<PrometheusSeries> {
        PrometheusSeries::all(&self.api("query", &[("query", expression)]))
    }

    /// Evaluates an expression for each second of the last `length`.
    #[must_use]
    pub fn range(&self, expression: &str, length: Duration) -> Vec<PrometheusSeries> {
        let now = SystemTime::now();
        let seconds = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).expect("the time is after 1970").as_secs_f64().to_string()
        };
        let (start, end) = (seconds(now - length), seconds(now));
        let parameters = [("query", expression), ("start", &start), ("end", &end), ("step", "1")];
        PrometheusSeries::all(&self.api("query_range", &parameters))
    }

    /// Requests `/api/v1/PATH` and returns the `data` of the response, which must be a success.
    #[must_use]
    pub fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let query: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
        let answer = HttpResponse::get(self.address, &format!("/api/v1/{path}?{}", query.join("&")), &[]);
        let body = answer.text();
        let mut parsed: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"));
        assert_eq!(parsed["status"], "success", "{path} {parameters:?}: {parsed:#}");
        parsed["data"].take()
    }
}

impl Drop for PrometheusServer {
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
            eprintln!("prometheus: {line}");
            if line.contains(PrometheusServer::LISTENS) {
                let found = line.split_whitespace().find_map(|word| word.strip_prefix("address=")?.parse().ok());
                let _ = found.map(|found| send_address.send(found));
            } else if line.contains(PrometheusServer::READY) {
                let _ = send_ready.send(());
            }
        }
    });
    (address, ready)
}

/// Percent-encodes the value of a query parameter.
pub(crate) fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// One series of a query result.
#[derive(Clone, Debug, PartialEq)]
pub struct PrometheusSeries {
    /// The labels, including `__name__` if the series has a name.
    pub labels: BTreeMap<String, String>,
    /// The samples: seconds since 1970 and value. An instant query returns one sample.
    pub samples: Vec<(f64, f64)>,
}

impl PrometheusSeries {
    /// Parses every series of a result: a vector, a matrix, or a scalar, which has no labels.
    pub(crate) fn all(data: &Value) -> Vec<Self> {
        let result = &data["result"];
        if data["resultType"] == "scalar" {
            return vec![Self { labels: BTreeMap::new(), samples: vec![sample(result)] }];
        }
        let list = result.as_array().unwrap_or_else(|| panic!("expected a scalar, a vector or a matrix: {data:#}"));
        list.iter().map(Self::parse).collect()
    }

    fn parse(series: &Value) -> Self {
        let labels = series["metric"].as_object().expect("a series has labels").iter();
        let text = |value: &Value| value.as_str().expect("a label is a string").to_owned();
        let samples = match series["values"].as_array() {
            Some(values) => values.iter().map(sample).collect(),
            None => vec![sample(&series["value"])],
        };
        Self { labels: labels.map(|(name, value)| (name.clone(), text(value))).collect(), samples }
    }

    /// Returns the value of a label, or an empty string.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// The value of the last sample.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.samples.last().expect("a series has a sample").1
    }
}

/// Values are strings, since JSON has no NaN.
fn sample(pair: &Value) -> (f64, f64) {
    let value = pair[1].as_str().and_then(|text| text.parse().ok());
    (pair[0].as_f64().expect("a sample has a timestamp"), value.unwrap_or_else(|| panic!("not a sample: {pair}")))
}
