//! Queries against local servers, each on a port of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Client, SIZE_LIMIT};
use crate::instant_vector::InstantVector;
use crate::{Endpoint, PrometheusError};

const GOOD: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"a"},"value":[1,"2"]}]}}"#;

fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

/// Starts a server for one request. Its thread returns the head of that request.
fn serve(answer: String) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        // The client may close the connection before it has read everything.
        let _ = stream.write_all(answer.as_bytes());
        request.join("\n")
    });
    (port, thread)
}

fn endpoint(url: &str, variables: &[(&str, &str)]) -> Endpoint {
    let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
    Endpoint::resolve(Some(url), value).unwrap()
}

fn query(url: &str, variables: &[(&str, &str)]) -> Result<InstantVector, PrometheusError> {
    Client::new(endpoint(url, variables)).unwrap().query("up == 1")
}

/// The error and its message for an answer to a URL that has a password.
fn failure(answer: String) -> (PrometheusError, String) {
    let (port, thread) = serve(answer);
    let error = query(&format!("http://me:s3cret@127.0.0.1:{port}/p"), &[]).unwrap_err();
    thread.join().unwrap();
    let message = error.to_string().replace(&port.to_string(), "PORT");
    (error, message)
}

#[test]
fn a_query_is_sent_below_the_url_with_credentials_and_tenant() {
    let (port, thread) = serve(response("200 OK", "", GOOD));
    let variables = [("MOSAIC_PROMETHEUS_BEARER_TOKEN", "t0ken"), ("MOSAIC_PROMETHEUS_TENANT", "team-a")];
    let vector = query(&format!("http://127.0.0.1:{port}/prometheus/"), &variables).unwrap();
    assert_eq!((vector.evaluated_at, vector.samples.len()), (Some(1.0), 1));
    let request = thread.join().unwrap();
    assert!(
        request.starts_with("GET /prometheus/api/v1/query?query=up%20%3D%3D%201&latency_offset=1ms&nocache=1 HTTP/1.1"),
        "{request}"
    );
    let request = request.to_lowercase();
    assert!(request.contains("authorization: bearer t0ken") && request.contains("x-scope-orgid: team-a"), "{request}");
}

/// A response, whether the error is the expected one, and a part of its message.
type Case = (String, fn(&PrometheusError) -> bool, &'static str);

#[test]
fn every_error_names_the_server_and_what_to_do() {
    let html = "<html>not found</html>";
    let failed = r#"{"status":"error","errorType":"execution","error":"query: too many samples"}"#;
    let elsewhere = "location: https://you:s3cret@login.example/api/v1/query?query=up&t=s3cret\r\n";
    let table: [Case; 11] = [
        (response("401 Unauthorized", "", "who?"), is_unauthorized, "HTTP 401); set MOSAIC_PROMETHEUS_USER"),
        (response("403 Forbidden", "", failed), is_unauthorized, "HTTP 403); set MOSAIC_PROMETHEUS_USER"),
        (response("404 Not Found", "", html), is_not_prometheus, "check whether the URL lacks a path"),
        (response("200 OK", "", html), is_not_prometheus, "is not a Prometheus API"),
        (response("200 OK", "", "[]"), is_not_prometheus, "is not a Prometheus API"),
        (response("502 Bad Gateway", "", GOOD), is_not_prometheus, "is not a Prometheus API (HTTP 502"),
        (response("422 Unprocessable", "", failed), is_query_failed, "a query: query: too many samples; check"),
        (response("200 OK", "", failed), is_query_failed, "a query: query: too many samples; check"),
        (
            response("302 Found", elsewhere, ""),
            |error| matches!(error, PrometheusError::Redirected { .. }),
            "redirects to https://login.example, which is not followed",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_owned(), is_unreachable, "cannot reach"),
        (String::new(), is_unreachable, "cannot reach"),
    ];
    for (answer, expected, part) in table {
        let (error, message) = failure(answer.clone());
        assert!(expected(&error), "{answer}: {error:?}");
        assert!(message.contains(part), "{answer}: {message}");
        assert!(message.contains("http://127.0.0.1:PORT/p") && !message.contains("s3cret"), "{message}");
    }
}

fn is_unauthorized(error: &PrometheusError) -> bool {
    matches!(error, PrometheusError::Unauthorized { .. })
}

fn is_not_prometheus(error: &PrometheusError) -> bool {
    matches!(error, PrometheusError::NotPrometheus { .. })
}

fn is_query_failed(error: &PrometheusError) -> bool {
    matches!(error, PrometheusError::QueryFailed { .. })
}

fn is_unreachable(error: &PrometheusError) -> bool {
    matches!(error, PrometheusError::Unreachable { .. })
}

#[test]
fn redirects_are_not_followed() {
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let location = format!("location: http://{}/api/v1/query\r\n", other.local_addr().unwrap());
    let (_, message) = failure(response("307 Temporary Redirect", &location, ""));
    assert!(message.contains("is not followed"), "{message}");
    other.set_nonblocking(true).unwrap();
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_closed_port_is_unreachable() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let error = query(&format!("http://127.0.0.1:{port}"), &[]).unwrap_err();
    assert!(is_unreachable(&error), "{error}");
}

#[test]
fn queries_time_out_together() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let client = Client::with_time_limit(endpoint(&url, &[]), Duration::from_millis(50)).unwrap();
    let expected = Err(PrometheusError::Timeout { url });
    assert_eq!(client.query("up"), expected);
    // The time limit is that of all queries together.
    assert_eq!(client.query("up"), expected);
}

#[test]
fn a_response_is_read_up_to_the_size_limit() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endless = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let block = vec![b' '; 1 << 16];
        let mut sent = 0;
        while sent < 16 * SIZE_LIMIT && stream.write_all(&block).is_ok() {
            sent += block.len() as u64;
        }
        sent
    });
    let error = query(&url, &[]).unwrap_err();
    assert!(matches!(error, PrometheusError::TooLarge { limit: 64, .. }), "{error}");
    assert!(endless.join().unwrap() < 2 * SIZE_LIMIT);
}
