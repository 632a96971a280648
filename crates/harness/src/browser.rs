use crate::{Deadline, HttpAnswer, required_program};
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

/// Chromium keeps to itself: nothing is fetched, synchronised or asked for but the page.
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

/// A real Chromium with a profile of its own, driven by chromedriver; both end with this value.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    _process: Chromedriver,
}

/// The process, and where it keeps profiles; both go with this value, whatever became of the browser.
#[derive(Debug)]
struct Chromedriver {
    child: Child,
    _place: TempDir,
}

/// Which logs a browser has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrowserLog {
    /// What pages and the browser write to the console.
    Console,
    /// Every request, among much else.
    Performance,
}

impl Browser {
    /// One that shows nothing yet; `None`, and a word about it, where there is none.
    #[must_use]
    pub fn start_or_skip() -> Option<Self> {
        let (chromium, chromedriver) = (required_program("chromium")?, required_program("chromedriver")?);
        let mut command = Command::new(chromedriver);
        let place = tempfile::Builder::new().prefix("mf-browser-").tempdir().expect("make a directory");
        // A group of its own, in which the browser will be, too.
        command.arg("--port=0").env("TMPDIR", place.path()).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Chromedriver { child: command.spawn().expect("start chromedriver"), _place: place };
        let port = listen(process.child.stdout.take().expect("it is piped"));
        let capabilities = json!({ "alwaysMatch": {
            "goog:chromeOptions": { "args": ARGUMENTS, "binary": chromium },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        }});
        let driver = WebDriver::begin(port, &capabilities);
        Some(Self { driver, _process: process })
    }

    /// Goes to a page, and returns when it is loaded.
    pub fn open(&self, address: &str) {
        self.driver.post("/url", &json!({ "url": address }));
    }

    /// Runs a function's body in the page, with these arguments.
    #[must_use]
    pub fn script(&self, body: &str, arguments: &[Value]) -> Value {
        self.driver.post("/execute/sync", &json!({ "script": body, "args": arguments }))
    }

    /// Runs it again and again until what it returns is neither false nor null.
    #[must_use]
    pub fn wait_for(&self, body: &str) -> Value {
        let deadline = Deadline::default();
        loop {
            let value = self.script(body, &[]);
            if !(value.is_null() || value == json!(false)) {
                return value;
            }
            assert!(!deadline.passed(), "never true in the page: {body}");
        }
    }

    /// Presses a key; the names are those of `WebDriver`, a letter stands for itself.
    pub fn press(&self, key: char) {
        let strokes = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key }));
        self.driver.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": strokes }] }));
    }

    /// What a page is told of its reader's taste.
    pub fn prefer_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.command("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// How large the window is; a narrow one is a phone's.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.command("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// What is to be seen (PNG).
    #[must_use]
    pub fn screenshot(&self) -> Vec<u8> {
        let shot = self.command("Page.captureScreenshot", &json!({ "format": "png" }));
        STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("a picture in base64")
    }

    /// What was logged since this was asked last.
    #[must_use]
    pub fn log(&self, log: BrowserLog) -> Vec<Value> {
        let name = match log {
            BrowserLog::Console => "browser",
            BrowserLog::Performance => "performance",
        };
        let entries = self.driver.post("/se/log", &json!({ "type": name }));
        entries.as_array().expect("a list").clone()
    }

    /// A command of the `DevTools` protocol.
    fn command(&self, name: &str, parameters: &Value) -> Value {
        self.driver.post("/goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.driver.end();
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Chromedriver ends without its browser, if that is still there: so the whole group ends.
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// The port that chromedriver tells of. What it says later is read, too, so that it never waits for a reader.
fn listen(said: ChildStdout) -> u16 {
    let (tell_port, port) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            // The words before it name the port that was asked for, which is 0.
            let found = line.split_once("successfully on port ");
            if let Some(port) = found.and_then(|(_, port)| port.trim_end_matches('.').parse().ok()) {
                let _ = tell_port.send(port);
            }
        }
    });
    port.recv_timeout(Deadline::default().remaining()).expect("chromedriver does not listen")
}

/// A session of the `WebDriver` protocol (W3C): JSON over HTTP.
#[derive(Debug)]
struct WebDriver {
    port: u16,
    session: String,
}

impl WebDriver {
    fn begin(port: u16, capabilities: &Value) -> Self {
        let mut driver = Self { port, session: String::new() };
        let begun =
            driver.ask("POST", "/session", &json!({ "capabilities": capabilities })).expect("chromedriver answers");
        driver.session = format!("/session/{}", begun["sessionId"].as_str().expect("a session"));
        driver
    }

    /// What the session answers to a command.
    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("{}{path}", self.session), body).expect("chromedriver answers")
    }

    /// Ends the browser, if it is still there.
    fn end(&self) {
        let _ = self.exchange("DELETE", &self.session, &json!({}));
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let answer = self.exchange(method, path, body)?;
        let text = answer.text();
        assert_eq!(answer.status, 200, "{method} {path} {body}: {text}");
        let mut answer: Value = serde_json::from_str(&text)?;
        Ok(answer["value"].take())
    }

    fn exchange(&self, method: &str, path: &str, body: &Value) -> io::Result<HttpAnswer> {
        let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        connection.set_read_timeout(Some(Deadline::default().remaining()))?;
        let body = body.to_string();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close", self.port);
        write!(connection, "{head}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        read_answer(&mut connection)
    }
}

/// Chromedriver leaves the connection open, whatever it is asked: the answer ends where it says.
fn read_answer(connection: &mut TcpStream) -> io::Result<HttpAnswer> {
    let (mut answer, mut piece) = (Vec::new(), [0; 16384]);
    loop {
        match connection.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => answer.extend_from_slice(&piece[..more]),
        }
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        if answer.len() >= head + 4 + content_length(&answer[..head]) {
            return Ok(HttpAnswer::parse(&answer));
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or_default()
}
