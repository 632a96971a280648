use std::io::{self, BufRead, Error, ErrorKind};

/// One request as it came: what a client of a model's API needs, no more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HttpRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

impl HttpRequest {
    /// Reads one; `None` when nobody asked anything before the connection ended.
    pub(super) fn read(mut from: impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(Error::new(ErrorKind::InvalidData, format!("not a request: {line:?}")));
        };
        let (method, path) = (method.to_owned(), path.to_owned());
        let mut length = 0;
        loop {
            line.clear();
            if from.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(Error::new(ErrorKind::InvalidData, format!("not by a Content-Length, but: {line:?}")));
            }
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        Ok(Some(Self { method, path, body }))
    }
}

#[cfg(test)]
mod tests {
    use super::HttpRequest;

    #[test]
    fn a_request_is_whole_or_none() {
        let whole = b"POST /v1/x HTTP/1.1\r\nHost: a:1\r\ncontent-length: 3\r\n\r\nabc";
        let read = HttpRequest::read(whole.as_slice()).unwrap().unwrap();
        assert_eq!((read.method.as_str(), read.path.as_str(), read.body.as_slice()), ("POST", "/v1/x", &b"abc"[..]));
        assert_eq!(HttpRequest::read(&b""[..]).unwrap(), None);
        let head = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        for end in head + 4..whole.len() {
            assert!(HttpRequest::read(&whole[..end]).is_err(), "{end}");
        }
    }
}
