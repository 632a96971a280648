//! Servers of all kinds, each on a port of its own.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mosaic_domain::ExitCode;

use super::{Client, LARGEST};
use crate::prometheus::answer::Answer;
use crate::prometheus::{PrometheusError, Server};

const GOOD: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"a"},"value":[1,"2"]}]}}"#;

fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

/// A server that answers one request; what it was asked comes out of its thread.
fn serving(answer: String) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let asked: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        // Whoever has read enough goes away.
        let _ = stream.write_all(answer.as_bytes());
        asked.join("\n")
    });
    (port, thread)
}

fn server(url: &str, variables: &[(&str, &str)]) -> Server {
    let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
    Server::find(Some(url), value).unwrap()
}

fn ask(url: &str, variables: &[(&str, &str)]) -> Result<Answer, PrometheusError> {
    Client::new(server(url, variables)).unwrap().ask("up == 1")
}

/// What comes of an answer, asked with a password in the URL.
fn failure(answer: String) -> (ExitCode, String) {
    let (port, thread) = serving(answer);
    let error = ask(&format!("http://me:s3cret@127.0.0.1:{port}/p"), &[]).unwrap_err();
    thread.join().unwrap();
    (error.exit_code(), error.to_string().replace(&port.to_string(), "PORT"))
}

#[test]
fn a_question_goes_to_the_api_below_the_address_with_credentials_and_tenant() {
    let (port, thread) = serving(response("200 OK", "", GOOD));
    let variables = [("MOSAIC_PROMETHEUS_BEARER_TOKEN", "t0ken"), ("MOSAIC_PROMETHEUS_TENANT", "team-a")];
    let answer = ask(&format!("http://127.0.0.1:{port}/prometheus/"), &variables).unwrap();
    assert_eq!((answer.at, answer.samples.len()), (Some(1.0), 1));
    let asked = thread.join().unwrap();
    assert!(asked.starts_with("GET /prometheus/api/v1/query?query=up%20%3D%3D%201 HTTP/1.1"), "{asked}");
    let asked = asked.to_lowercase();
    assert!(asked.contains("authorization: bearer t0ken") && asked.contains("x-scope-orgid: team-a"), "{asked}");
}

#[test]
fn every_failure_names_the_server_and_says_what_to_do() {
    let html = "<html>not found</html>";
    let said = r#"{"status":"error","errorType":"execution","error":"query: too many samples"}"#;
    let elsewhere = "location: https://you:s3cret@login.example/api/v1/query?query=up&t=s3cret\r\n";
    let table = [
        (response("401 Unauthorized", "", "who?"), ExitCode::Permission, "HTTP 401): set MOSAIC_PROMETHEUS_USER"),
        (response("403 Forbidden", "", said), ExitCode::Permission, "HTTP 403): set MOSAIC_PROMETHEUS_USER"),
        (response("404 Not Found", "", html), ExitCode::Unavailable, "see whether a path is missing"),
        (response("200 OK", "", html), ExitCode::Unavailable, "is no Prometheus API"),
        (response("200 OK", "", "[]"), ExitCode::Unavailable, "is no Prometheus API"),
        (response("502 Bad Gateway", "", GOOD), ExitCode::Unavailable, "is no Prometheus API (HTTP 502"),
        (response("422 Unprocessable", "", said), ExitCode::Unavailable, "cannot answer: query: too many samples; see"),
        (response("200 OK", "", said), ExitCode::Unavailable, "cannot answer: query: too many samples; see"),
        (
            response("302 Found", elsewhere, ""),
            ExitCode::Unavailable,
            "leads to https://login.example, which is not followed",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n".to_owned(), ExitCode::Unavailable, "cannot reach"),
        (String::new(), ExitCode::Unavailable, "cannot reach"),
    ];
    for (answer, code, part) in table {
        let (failed, message) = failure(answer.clone());
        assert_eq!(failed, code, "{answer}: {message}");
        assert!(message.contains(part), "{answer}: {message}");
        assert!(message.contains("http://127.0.0.1:PORT/p") && !message.contains("s3cret"), "{message}");
    }
}

#[test]
fn nobody_who_is_only_pointed_at_is_asked() {
    let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let location = format!("location: http://{}/api/v1/query\r\n", other.local_addr().unwrap());
    let (_, message) = failure(response("307 Temporary Redirect", &location, ""));
    assert!(message.contains("is not followed"), "{message}");
    other.set_nonblocking(true).unwrap();
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_port_where_nobody_listens_is_unreachable() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let error = ask(&format!("http://127.0.0.1:{port}"), &[]).unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Unavailable);
    assert!(matches!(error, PrometheusError::Unreachable { .. }), "{error}");
}

#[test]
fn a_server_that_never_answers_is_given_up_on() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let client = Client::within(server(&url, &[]), Duration::from_millis(50)).unwrap();
    let expected = Err(PrometheusError::Timeout { url });
    assert_eq!(client.ask("up"), expected);
    // The time is that of all questions together.
    assert_eq!(client.ask("up"), expected);
}

#[test]
fn an_answer_that_does_not_end_is_not_read_to_the_end() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let endless = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let block = vec![b' '; 1 << 16];
        let mut sent = 0;
        while sent < 16 * LARGEST && stream.write_all(&block).is_ok() {
            sent += block.len() as u64;
        }
        sent
    });
    let error = ask(&url, &[]).unwrap_err();
    assert!(matches!(error, PrometheusError::TooMuch { limit: 64, .. }), "{error}");
    assert!(endless.join().unwrap() < 2 * LARGEST);
}
