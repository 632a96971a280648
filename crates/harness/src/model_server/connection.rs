use super::dialect::{Dialect, Reply};
use super::model_state::ModelState;
use crate::Deadline;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Write};
use std::net::TcpStream;

/// Answers the single request of a connection. An error of the response is ignored: the client has disconnected.
pub(super) fn serve(connection: &TcpStream, state: &ModelState) {
    // A client that connects and sends nothing must not block this thread forever.
    let _ = connection.set_read_timeout(Some(Deadline::DEFAULT));
    match HttpRequest::read(BufReader::new(connection)) {
        Ok(Some(request)) => drop(answer(connection, &request, state)),
        Ok(None) => {}
        Err(error) => eprintln!("model server: {error}"),
    }
}

fn answer(mut to: &TcpStream, request: &HttpRequest, state: &ModelState) -> io::Result<()> {
    let (method, path) = (request.method.as_str(), request.path.as_str());
    let dialect = Dialect::from_path(path).filter(|_| method == "POST");
    let Some(dialect) = dialect else {
        if method == "GET" && path.split('?').next().is_some_and(|path| path.ends_with("/models")) {
            let models = json!({ "object": "list", "data": [{ "id": "stub-1", "object": "model" }], "models": [] });
            return to.write_all(json_response("200 OK", &models).as_bytes());
        }
        eprintln!("model server: no such endpoint: {method} {path}");
        return to.write_all(
            json_response("404 Not Found", &json!({ "error": { "message": "no such endpoint" } })).as_bytes(),
        );
    };
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        eprintln!("model server: not JSON: {}", String::from_utf8_lossy(&request.body));
        return to
            .write_all(json_response("400 Bad Request", &json!({ "error": { "message": "not JSON" } })).as_bytes());
    };
    // Requests beside the conversation, for a title for example, offer no tools.
    let has_tools = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    let parts = has_tools.then(|| dialect.user_parts(&body));
    state.record(dialect.user_turns(&body), parts);
    if let Some((status, message)) = state.refusal() {
        // Anthropic's clients decide by the error type, others by the status.
        let kind = if status.starts_with("401") { "authentication_error" } else { "rate_limit_error" };
        let error = json!({ "type": "error", "error": { "type": kind, "message": message } });
        return to.write_all(json_response(&status, &error).as_bytes());
    }
    to.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")?;
    if state.may_answer() {
        let reply = if has_tools { state.take_reply() } else { Reply::Noted };
        to.write_all(dialect.answer(&reply).as_bytes())?;
    }
    Ok(())
}

fn json_response(status: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}

/// An HTTP request, parsed as far as clients of a model API need it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HttpRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

impl HttpRequest {
    /// Reads a request; `None` if the connection was closed before the first byte.
    pub(super) fn read(mut from: impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(Error::new(ErrorKind::InvalidData, format!("not a request line: {line:?}")));
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
                return Err(Error::new(
                    ErrorKind::InvalidData,
                    format!("a request needs a Content-Length, but has {line:?}"),
                ));
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
    fn read_rejects_a_truncated_request() {
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
