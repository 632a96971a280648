//! An HTTP client that can send anything.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any operation takes that is not hung.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_write_timeout(Some(TIMEOUT)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends until the server closes the connection.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_ref())
    }

    pub(crate) fn response(&mut self) -> HttpResponse {
        HttpResponse::read(&mut self.stream, false).unwrap()
    }

    pub(crate) fn try_response(&mut self) -> io::Result<HttpResponse> {
        HttpResponse::read(&mut self.stream, false)
    }

    /// Sends a request, given as its lines without `Host`, and reads the response.
    pub(crate) fn request(&mut self, request: &str) -> HttpResponse {
        let mut lines = request.lines();
        let mut text = format!("{} HTTP/1.1\r\nHost: localhost\r\n", lines.next().unwrap());
        text.extend(lines.flat_map(|line| [line.trim(), "\r\n"]));
        self.send(text + "\r\n");
        HttpResponse::read(&mut self.stream, request.starts_with("HEAD")).unwrap()
    }

    /// Reads one line of a response.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// Whether the server closes the connection before it sends anything more.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    /// Reads everything up to the end of the connection, and returns the error that ended it.
    pub(crate) fn read_to_end(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut read = Vec::new();
        let outcome = self.stream.read_to_end(&mut read).map(drop);
        (read, outcome)
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl HttpResponse {
    /// Reads a response up to its `Content-Length`, or to the end of the connection.
    pub(crate) fn read(from: &mut impl BufRead, is_head: bool) -> io::Result<Self> {
        let (status, headers) = Self::read_head(from)?;
        let mut response = Self { status, headers, body: String::new() };
        if is_head {
            return Ok(response);
        }
        match response.header("content-length") {
            Some(length) => {
                let mut body = vec![0; length.parse().map_err(io::Error::other)?];
                from.read_exact(&mut body)?;
                response.body = String::from_utf8(body).map_err(io::Error::other)?;
            }
            None => drop(from.read_to_string(&mut response.body)?),
        }
        Ok(response)
    }

    fn read_head(from: &mut impl BufRead) -> io::Result<(u16, Vec<(String, String)>)> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status line: {line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            from.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None => return Ok((status, headers)),
            }
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The header fields without `Date`.
    pub(crate) fn headers_without_date(&self) -> Vec<&(String, String)> {
        self.headers.iter().filter(|(name, _)| name != "date").collect()
    }
}
