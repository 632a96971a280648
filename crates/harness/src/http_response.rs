use crate::Deadline;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The response to one HTTP request.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers in the order of the response.
    pub headers: Vec<(String, String)>,
    /// The body without chunk framing.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// Sends a GET request over a new connection and reads the response.
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
        connection.write_all((request + "\r\n").as_bytes()).expect("send the request");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("read the response");
        Self::parse(&answer)
    }

    /// Parses a complete response. A response without any body is taken for the response to a HEAD request.
    ///
    /// # Panics
    /// If the bytes are no response, or the body is incomplete.
    #[must_use]
    pub fn parse(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a response has a header section");
        let head = String::from_utf8_lossy(&answer[..end]);
        let mut lines = head.split("\r\n");
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a response has a status");
        let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        let mut parsed = Self { status, headers: lines.filter_map(header).collect(), body: answer[end + 4..].to_vec() };
        if parsed.body.is_empty() {
            return parsed;
        }
        if parsed.header("transfer-encoding") == Some("chunked") {
            parsed.body = unchunked(&parsed.body);
        } else if let Some(length) = parsed.header("content-length") {
            assert_eq!(length, parsed.body.len().to_string(), "the length of the body differs from Content-Length");
        }
        parsed
    }

    /// Returns the value of a header; the name is not case-sensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn unchunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = chunks.windows(2).position(|two| two == b"\r\n").expect("the last chunk is missing");
        let size = std::str::from_utf8(&chunks[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let (size, rest) = (size.expect("a chunk starts with its size"), &chunks[end + 2..]);
        assert!(rest.get(size..).is_some_and(|rest| rest.starts_with(b"\r\n")), "a chunk is incomplete");
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[..size]);
        chunks = &rest[size + 2..];
    }
}

#[cfg(test)]
mod tests {
    use super::HttpResponse;

    const CHUNKS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    const LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";

    #[test]
    fn parse_rejects_a_truncated_body() {
        for whole in [CHUNKS, LENGTH] {
            assert_eq!(HttpResponse::parse(whole.as_bytes()).text(), "abc");
            let head = whole.find("\r\n\r\n").unwrap() + 4;
            for end in head + 1..whole.len() {
                let cut = std::panic::catch_unwind(|| HttpResponse::parse(&whole.as_bytes()[..end]));
                assert!(cut.is_err(), "{:?}", &whole[..end]);
            }
            assert_eq!(HttpResponse::parse(&whole.as_bytes()[..head]).text(), "");
        }
    }
}
