use crate::{Deadline, HttpResponse, required_program};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use tempfile::TempDir;

/// Flags that make Chromium load only the page: no updates, no synchronization, no background requests.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// A real Chromium with its own profile, driven by chromedriver. Both are killed on drop.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    _process: Chromedriver,
}

/// The chromedriver process and the directory of its profiles. Drop kills the process group and removes the directory.
#[derive(Debug)]
struct Chromedriver {
    child: Child,
    _profiles: TempDir,
}

/// A log of the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowserLog {
    /// The console messages of the page and of the browser.
    Console,
    /// `DevTools` events, among them every network request.
    Performance,
}

impl Browser {
    /// Starts a browser with an empty page, or returns `None` with a skip notice if Chromium or chromedriver is
    /// missing.
    #[must_use]
    pub fn start_or_skip() -> Option<Self> {
        let (chromium, chromedriver) = (required_program("chromium")?, required_program("chromedriver")?);
        let mut command = Command::new(chromedriver);
        let profiles = tempfile::Builder::new().prefix("mf-browser-").tempdir().expect("make a directory");
        // The browser joins chromedriver's process group, so that drop can kill both.
        command.arg("--port=0").env("TMPDIR", profiles.path()).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Chromedriver { child: command.spawn().expect("start chromedriver"), _profiles: profiles };
        let port = wait_port(process.child.stdout.take().expect("it is piped"));
        let capabilities = json!({ "alwaysMatch": {
            "goog:chromeOptions": { "args": ARGUMENTS, "binary": chromium },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }});
        let driver = WebDriver::new(port, &capabilities);
        Some(Self { driver, _process: process })
    }

    /// Opens a page and returns when it is loaded.
    pub fn open(&self, address: &str) {
        self.driver.post("/url", &json!({ "url": address }));
    }

    /// Runs a JavaScript function body in the page with these arguments and returns its result.
    #[must_use]
    pub fn script(&self, body: &str, arguments: &[Value]) -> Value {
        self.driver.post("/execute/sync", &json!({ "script": body, "args": arguments }))
    }

    /// Runs a function body repeatedly until it returns neither `false` nor `null`, and returns that value.
    #[must_use]
    pub fn wait_for(&self, body: &str) -> Value {
        let deadline = Deadline::default();
        loop {
            let value = self.script(body, &[]);
            if !(value.is_null() || value == json!(false)) {
                return value;
            }
            assert!(!deadline.passed(), "the condition does not become true in the page: {body}");
        }
    }

    /// Presses a key, given as a character or as one of `WebDriver`'s key codes.
    pub fn press(&self, key: char) {
        let strokes = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        self.driver.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": strokes }] }));
    }

    /// Sets the media feature `prefers-color-scheme`.
    pub fn prefer_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.command("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Sets the size of the viewport in CSS pixels. Below 500 pixels in width, the browser emulates a mobile device.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.command("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Takes a screenshot (PNG).
    #[must_use]
    pub fn screenshot(&self) -> Vec<u8> {
        let shot = self.command("Page.captureScreenshot", &json!({ "format": "png" }));
        STANDARD.decode(shot["data"].as_str().expect("a screenshot has data")).expect("a screenshot is base64")
    }

    /// Returns the log entries since the previous call.
    #[must_use]
    pub fn log(&self, log: BrowserLog) -> Vec<Value> {
        let name = match log {
            BrowserLog::Console => "browser",
            BrowserLog::Performance => "performance",
        };
        let entries = self.driver.post("/se/log", &json!({ "type": name }));
        entries.as_array().expect("a list").clone()
    }

    /// Sends a command of the `DevTools` protocol.
    fn command(&self, name: &str, parameters: &Value) -> Value {
        self.driver.post("/goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.driver.close();
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Killing chromedriver alone could leave the browser running.
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// Returns the port from chromedriver's output. A thread reads the rest, so that chromedriver never blocks on the pipe.
fn wait_port(output: ChildStdout) -> u16 {
    let (send_port, port) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // An earlier part of the line names the requested port, which is 0.
            let found = line.split_once("successfully on port ");
            if let Some(port) = found.and_then(|(_, port)| port.trim_end_matches('.').parse().ok()) {
                let _ = send_port.send(port);
            }
        }
    });
    port.recv_timeout(Deadline::default().remaining()).expect("chromedriver did not print its port in time")
}

/// A session of the W3C `WebDriver` protocol: JSON over HTTP.
#[derive(Debug)]
struct WebDriver {
    port: u16,
    session: String,
}

impl WebDriver {
    fn new(port: u16, capabilities: &Value) -> Self {
        let mut driver = Self { port, session: String::new() };
        let begun =
            driver.request("POST", "/session", &json!({ "capabilities": capabilities })).expect("chromedriver answers");
        driver.session = format!("/session/{}", begun["sessionId"].as_str().expect("a session"));
        driver
    }

    /// Sends a command to the session and returns the response's value.
    fn post(&self, path: &str, body: &Value) -> Value {
        self.request("POST", &format!("{}{path}", self.session), body).expect("chromedriver answers")
    }

    /// Deletes the session, which closes the browser. Errors are ignored.
    fn close(&self) {
        let _ = self.exchange("DELETE", &self.session, &json!({}));
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let answer = self.exchange(method, path, body)?;
        let text = answer.text();
        assert_eq!(answer.status, 200, "{method} {path} {body}: {text}");
        let mut answer: Value = serde_json::from_str(&text)?;
        Ok(answer["value"].take())
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> io::Result<HttpResponse> {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        connection.set_read_timeout(Some(Deadline::default().remaining()))?;
        let body = body.to_string();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close", self.port);
        write!(connection, "{head}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        read_answer(&mut connection)
    }
}

/// Reads a response up to its `Content-Length`, since chromedriver ignores `Connection: close`.
fn read_answer(connection: &mut TcpStream) -> io::Result<HttpResponse> {
    let (mut answer, mut piece) = (Vec::new(), [0; 16384]);
    loop {
        match connection.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => answer.extend_from_slice(&piece[..more]),
        }
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        if answer.len() >= head + 4 + content_length(&answer[..head]) {
            return Ok(HttpResponse::parse(&answer));
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or_default()
}
