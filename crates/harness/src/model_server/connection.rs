use super::dialect::Dialect;
use super::exchange::Exchange;
use super::http_request::HttpRequest;
use super::reply::Reply;
use crate::Deadline;
use serde_json::{Value, json};
use std::io::{self, BufReader, Write};
use std::net::TcpStream;

/// Answers the one request of a connection. Who does not wait for the answer has no use for it.
pub(super) fn serve(connection: &TcpStream, exchange: &Exchange) {
    // A client that connects and says nothing must not keep this thread for ever.
    let _ = connection.set_read_timeout(Some(Deadline::DEFAULT));
    match HttpRequest::read(BufReader::new(connection)) {
        Ok(Some(request)) => drop(answer(connection, &request, exchange)),
        Ok(None) => {}
        Err(error) => eprintln!("model server: {error}"),
    }
}

fn answer(mut to: &TcpStream, request: &HttpRequest, exchange: &Exchange) -> io::Result<()> {
    let (method, path) = (request.method.as_str(), request.path.as_str());
    let dialect = Dialect::of(path).filter(|_| method == "POST");
    let Some(dialect) = dialect else {
        if method == "GET" && path.split('?').next().is_some_and(|path| path.ends_with("/models")) {
            let models = json!({ "object": "list", "data": [{ "id": "stub-1", "object": "model" }], "models": [] });
            return to.write_all(whole("200 OK", &models).as_bytes());
        }
        eprintln!("model server: {method} {path} is not there");
        return to.write_all(whole("404 Not Found", &json!({ "error": { "message": "not there" } })).as_bytes());
    };
    let Ok(said) = serde_json::from_slice::<Value>(&request.body) else {
        eprintln!("model server: not JSON: {}", String::from_utf8_lossy(&request.body));
        return to.write_all(whole("400 Bad Request", &json!({ "error": { "message": "not JSON" } })).as_bytes());
    };
    exchange.hear(dialect.user_turns(&said));
    if let Some((status, message)) = exchange.refusal() {
        // The types by which Anthropic's clients go; others go by the status.
        let kind = if status.starts_with("401") { "authentication_error" } else { "rate_limit_error" };
        let error = json!({ "type": "error", "error": { "type": kind, "message": message } });
        return to.write_all(whole(&status, &error).as_bytes());
    }
    // Programs ask for titles and the like beside their conversation, and have no tools to offer there.
    let has_tools = said["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    to.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")?;
    if exchange.may_answer() {
        let reply = if has_tools { exchange.take_reply() } else { Reply::Noted };
        to.write_all(dialect.answer(&reply).as_bytes())?;
    }
    Ok(())
}

fn whole(status: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
