//! A client that scrapes an exporter with the headers of Prometheus.

use flate2::read::GzDecoder;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The request headers of Prometheus.
const PROMETHEUS: &str = "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
    version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\nAccept-Encoding: gzip\r\n\
    User-Agent: Prometheus/2.42.0\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n";
/// The request headers of a simple client.
const PLAIN: &str = "Accept: */*\r\n";
/// The timeout of a response.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The encoding of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Uncompressed text format.
    Identity,
    /// Compressed, requested with the headers of Prometheus.
    Gzip,
}

impl Encoding {
    pub(crate) const BOTH: [Self; 2] = [Self::Identity, Self::Gzip];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
        }
    }
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Scrape {
    /// The time from the request to the last byte.
    pub(crate) milliseconds: f64,
    /// The decoded body.
    pub(crate) text: String,
}

impl Scrape {
    /// The sample lines.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    }

    /// The number of samples of a family with this label and the value 1.
    pub(crate) fn ones(&self, family: &str, label: &str) -> usize {
        let is_one = |line: &&str| {
            line.strip_prefix(family).is_some_and(|rest| rest.starts_with('{'))
                && line.contains(label)
                && line.ends_with(" 1")
        };
        self.samples().filter(is_one).count()
    }
}

/// Scrapes over one persistent connection.
#[derive(Debug)]
pub(crate) struct Scraper {
    connection: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Scraper {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self, String> {
        let open = || -> std::io::Result<TcpStream> {
            let connection = TcpStream::connect(address)?;
            connection.set_nodelay(true)?;
            connection.set_read_timeout(Some(TIMEOUT))?;
            Ok(connection)
        };
        let connection = open().map_err(|error| format!("{address}: {error}"))?;
        Ok(Self { connection: BufReader::with_capacity(1 << 16, connection), address })
    }

    /// Scrapes once. Every status other than 200 is an error.
    pub(crate) fn scrape(&mut self, encoding: Encoding) -> Result<Scrape, String> {
        let address = self.address;
        let headers = if encoding == Encoding::Gzip { PROMETHEUS } else { PLAIN };
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
        let begun = Instant::now();
        let asked = self.connection.get_mut().write_all(request.as_bytes());
        let (head, body) =
            asked.and_then(|()| self.read_response()).map_err(|error| format!("a scrape of {address}: {error}"))?;
        let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
        if !head.starts_with("http/1.1 200") {
            return Err(format!("{address} responds with {head:?}: {}", String::from_utf8_lossy(&body)));
        }
        let is_compressed = head.contains("\r\ncontent-encoding: gzip");
        if is_compressed != (encoding == Encoding::Gzip) {
            return Err(format!("expected {} from {address}, got {head:?}", encoding.name()));
        }
        let mut text = String::new();
        let read = if is_compressed {
            GzDecoder::new(body.as_slice()).read_to_string(&mut text)
        } else {
            body.as_slice().read_to_string(&mut text)
        };
        read.map_err(|error| format!("cannot decode the response of {address}: {error}"))?;
        Ok(Scrape { milliseconds, text })
    }

    /// Reads a response: the header section in lower case and the body without chunk framing.
    fn read_response(&mut self) -> std::io::Result<(String, Vec<u8>)> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.connection.read_line(&mut head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        head.make_ascii_lowercase();
        let mut body = Vec::new();
        if head.contains("\r\ntransfer-encoding: chunked") {
            while self.read_chunk(&mut body)? {}
        } else {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            let length: usize =
                length.ok_or_else(|| std::io::Error::other("a response has neither Content-Length nor chunks"))?;
            self.read_body(length, &mut body)?;
        }
        Ok((head, body))
    }

    /// Reads a chunk; returns false if it is the last.
    fn read_chunk(&mut self, body: &mut Vec<u8>) -> std::io::Result<bool> {
        let mut line = String::new();
        self.connection.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
        self.read_body(size, body)?;
        self.connection.read_exact(&mut [0; 2])?;
        Ok(size > 0)
    }

    fn read_body(&mut self, length: usize, body: &mut Vec<u8>) -> std::io::Result<()> {
        let before = body.len();
        body.resize(before + length, 0);
        self.connection.read_exact(&mut body[before..])
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Scrape, Scraper};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    const FAMILY: &str = "# TYPE up gauge\nup{state=\"a\"} 1\nup{state=\"b\"} 0\nupper{state=\"a\"} 1\n";

    #[test]
    fn both_encodings_use_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let mut connection = BufReader::new(listener.accept().unwrap().0);
            let mut compressed = GzEncoder::new(Vec::new(), Compression::fast());
            compressed.write_all(FAMILY.as_bytes()).unwrap();
            let compressed = compressed.finish().unwrap();
            let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{FAMILY}", FAMILY.len());
            let (one, two) = compressed.split_at(20);
            let mut chunked =
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n".to_vec();
            chunked.extend(one);
            chunked.extend(format!("\r\n{:x}\r\n", two.len()).bytes());
            chunked.extend(two);
            chunked.extend(b"\r\n0\r\n\r\n");
            for answer in
                [whole.as_bytes(), &chunked, whole.as_bytes(), b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"]
            {
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    connection.read_line(&mut line).unwrap();
                }
                connection.get_mut().write_all(answer).unwrap();
            }
        });
        let mut scraper = Scraper::connect(address).unwrap();
        for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Identity] {
            assert_eq!(scraper.scrape(encoding).unwrap().text, FAMILY);
        }
        assert!(scraper.scrape(Encoding::Identity).unwrap_err().contains("503"));
        server.join().unwrap();
    }

    #[test]
    fn ones_matches_the_whole_family_name_and_the_value() {
        let scrape = Scrape { milliseconds: 0.0, text: FAMILY.to_owned() };
        assert_eq!(scrape.samples().count(), 3);
        assert_eq!(scrape.ones("up", "state=\"a\""), 1);
        assert_eq!(scrape.ones("up", "state=\"b\""), 0);
    }
}
