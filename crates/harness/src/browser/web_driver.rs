use crate::{Deadline, HttpAnswer};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

/// A session of the `WebDriver` protocol (W3C): JSON over HTTP.
#[derive(Debug)]
pub(super) struct WebDriver {
    port: u16,
    session: String,
}

impl WebDriver {
    pub(super) fn begin(port: u16, capabilities: &Value) -> Self {
        let mut driver = Self { port, session: String::new() };
        let begun =
            driver.ask("POST", "/session", &json!({ "capabilities": capabilities })).expect("chromedriver answers");
        driver.session = format!("/session/{}", begun["sessionId"].as_str().expect("a session"));
        driver
    }

    /// What the session answers to a command.
    pub(super) fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("{}{path}", self.session), body).expect("chromedriver answers")
    }

    /// Ends the browser, if it is still there.
    pub(super) fn end(&self) {
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
