use crate::{Deadline, Fleet, HttpAnswer, ProcessWatch, required_program};
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

/// A real Prometheus on a port of its own, with its data below a fleet's root; it ends with this value.
#[derive(Debug)]
pub struct PrometheusServer {
    child: Child,
    address: SocketAddr,
    directory: PathBuf,
}

const CONFIGURATION: &str = "prometheus.yml";
/// Where something listens that has not told it yet: it has to end with its value all the same.
const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl PrometheusServer {
    /// What of its log is waited for.
    const LISTENS: &str = "Listening on";
    const READY: &str = "Server is ready to receive web requests";

    /// Starts one with this configuration, and waits until it answers. Where there is none on this
    /// machine the test says loudly that it is skipped, and in continuous integration it fails.
    #[must_use]
    pub fn start_or_skip(fleet: &Fleet, configuration: &str) -> Option<Self> {
        let program = required_program("prometheus")?;
        let directory = fleet.root().join("prometheus");
        std::fs::create_dir(&directory).expect("make a directory");
        std::fs::write(directory.join(CONFIGURATION), configuration).expect("write a configuration");
        Some(Self::start(fleet, &program, directory))
    }

    /// Lets it go on by another configuration, which it reads soon.
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
        let (address, ready) = listen(child.stderr.take().expect("it is piped"));
        let mut server = Self { child, address: UNKNOWN, directory };
        server.address = address.recv_timeout(Deadline::default().remaining()).expect("Prometheus does not listen");
        ready.recv_timeout(Deadline::DEFAULT).expect("Prometheus does not get ready");
        server
    }

    /// Where its API is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What an expression gives now.
    #[must_use]
    pub fn instant(&self, expression: &str) -> Vec<PrometheusSeries> {
        PrometheusSeries::all(&self.api("query", &[("query", expression)]))
    }

    /// What an expression gave each second for so long.
    #[must_use]
    pub fn range(&self, expression: &str, length: Duration) -> Vec<PrometheusSeries> {
        let now = SystemTime::now();
        let seconds = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970").as_secs_f64().to_string()
        };
        let (start, end) = (seconds(now - length), seconds(now));
        let parameters = [("query", expression), ("start", &start), ("end", &end), ("step", "1")];
        PrometheusSeries::all(&self.api("query_range", &parameters))
    }

    /// What its API says to `/api/v1/PATH`, which has to succeed.
    #[must_use]
    pub fn api(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let answer = HttpAnswer::get(self.address, &format!("/api/v1/{path}?{}", query.join("&")), &[]);
        let said = answer.text();
        let mut parsed: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{path}: {error}: {said}"));
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

/// Reads what it logs until it ends, and passes on what is waited for. All of it goes to standard error.
fn listen(said: ChildStderr) -> (mpsc::Receiver<SocketAddr>, mpsc::Receiver<()>) {
    let (tell_address, address) = mpsc::channel();
    let (tell_ready, ready) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            eprintln!("prometheus: {line}");
            if line.contains(PrometheusServer::LISTENS) {
                let found = line.split_whitespace().find_map(|word| word.strip_prefix("address=")?.parse().ok());
                let _ = found.map(|found| tell_address.send(found));
            } else if line.contains(PrometheusServer::READY) {
                let _ = tell_ready.send(());
            }
        }
    });
    (address, ready)
}

/// A text as the value of a parameter.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// One series of an answer of Prometheus'.
#[derive(Clone, Debug, PartialEq)]
pub struct PrometheusSeries {
    /// Its labels, its name among them where it has one.
    pub labels: BTreeMap<String, String>,
    /// Its samples: when, in seconds since 1970, and how much. One, if one moment was asked for.
    pub samples: Vec<(f64, f64)>,
}

impl PrometheusSeries {
    /// Every series of an answer: a vector, a matrix, or a number of its own, which has no labels.
    pub(crate) fn all(data: &Value) -> Vec<Self> {
        let result = &data["result"];
        if data["resultType"] == "scalar" {
            return vec![Self { labels: BTreeMap::new(), samples: vec![sample(result)] }];
        }
        let list = result.as_array().unwrap_or_else(|| panic!("neither vector nor matrix: {data:#}"));
        list.iter().map(Self::parse).collect()
    }

    fn parse(series: &Value) -> Self {
        let labels = series["metric"].as_object().expect("a series has labels").iter();
        let text = |value: &Value| value.as_str().expect("a label is a text").to_owned();
        let samples = match series["values"].as_array() {
            Some(values) => values.iter().map(sample).collect(),
            None => vec![sample(&series["value"])],
        };
        Self { labels: labels.map(|(name, value)| (name.clone(), text(value))).collect(), samples }
    }

    /// A label's value, empty if it has none.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// The last sample's value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.samples.last().expect("a series has a sample").1
    }
}

/// Numbers come as texts, for JSON has no NaN.
fn sample(pair: &Value) -> (f64, f64) {
    let value = pair[1].as_str().and_then(|text| text.parse().ok());
    (pair[0].as_f64().expect("a time"), value.unwrap_or_else(|| panic!("no sample: {pair}")))
}
