use crate::Deadline;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The answer to one HTTP request.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The headers as they came.
    pub headers: Vec<(String, String)>,
    /// The body, out of its chunks.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// Asks for a path over a connection of its own.
    #[must_use]
    pub fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut connection = TcpStream::connect(address).expect("connect");
        connection.set_read_timeout(Some(Deadline::default().remaining())).expect("set a timeout");
        let mut request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            let _ = write!(request, "Host: {address}\r\n");
        }
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        connection.write_all((request + "\r\n").as_bytes()).expect("ask");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("read the answer");
        Self::parse(&answer)
    }

    /// A whole answer.
    ///
    /// # Panics
    /// It is none.
    #[must_use]
    pub fn parse(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8_lossy(&answer[..end]);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        let mut parsed = Self { status, headers: lines.filter_map(header).collect(), body: answer[end + 4..].to_vec() };
        if parsed.header("transfer-encoding") == Some("chunked") {
            parsed.body = unchunked(&parsed.body);
        }
        parsed
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn unchunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&chunks[..end]).expect("a size"), 16).expect("a size");
        if size == 0 {
            break;
        }
        body.extend_from_slice(&chunks[end + 2..end + 2 + size]);
        chunks = &chunks[end + 2 + size + 2..];
    }
    body
}
