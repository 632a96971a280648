//! The model server answers in every API and records each user turn once.

use mosaic_harness::{HttpResponse, ModelServer};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;

fn address(server: &ModelServer) -> SocketAddr {
    let url = server.base_url();
    url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/v1")).unwrap().parse().unwrap()
}

/// Sends a request with these user turns and returns the connection.
fn ask(server: &ModelServer, path: &str, turns: &[&str]) -> TcpStream {
    let turns: Vec<_> = turns.iter().map(|text| json!({ "role": "user", "content": text })).collect();
    let body = json!({ "stream": true, "messages": turns, "input": turns }).to_string();
    let mut connection = TcpStream::connect(address(server)).unwrap();
    let head = format!("POST /v1/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    connection.write_all((head + &body).as_bytes()).unwrap();
    connection
}

fn answer(mut connection: TcpStream) -> String {
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_sends_a_complete_response_in_every_dialect() {
    let server = ModelServer::start();
    let ends = [
        ("chat/completions", "data: [DONE]\n\n"),
        ("responses", "\"type\":\"response.completed\"}\n\n"),
        ("messages", "data: {\"type\":\"message_stop\"}\n\n"),
    ];
    for (path, end) in ends {
        let answer = answer(ask(&server, path, &["a"]));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("noted"), "{answer}");
        assert!(answer.ends_with(end), "{answer}");
    }
    let models = HttpResponse::get(address(&server), "/v1/models", &[]);
    assert!(models.text().contains("stub-1"), "{models:?}");
    assert_eq!(HttpResponse::get(address(&server), "/v1/else", &[]).status, 404);
}

#[test]
fn each_user_turn_is_recorded_once() {
    let server = ModelServer::start();
    for turns in [&["a"][..], &["a", "a"], &["a", "a"]] {
        let _ = answer(ask(&server, "chat/completions", turns));
    }
    assert_eq!(server.user_turns(), ["a", "a"]);
}

#[test]
fn a_held_response_is_sent_after_release() {
    let server = ModelServer::start();
    let held = server.hold();
    let connection = ask(&server, "chat/completions", &["a"]);
    server.wait_held();
    assert_eq!(server.wait_user_turns(1), ["a"], "recorded while the response is held back");
    let (send_answer, answered) = mpsc::channel();
    let reader = std::thread::spawn(move || send_answer.send(answer(connection)).unwrap());
    assert!(answered.try_recv().is_err());
    drop(held);
    assert!(answered.recv().unwrap().ends_with("data: [DONE]\n\n"));
    reader.join().unwrap();
}

#[test]
fn drop_stops_the_server_while_a_client_waits() {
    let server = ModelServer::start();
    let address = address(&server);
    let _held = server.hold();
    let connection = ask(&server, "chat/completions", &["a"]);
    server.wait_held();
    drop(server);
    assert!(!answer(connection).contains("noted"));
    assert!(TcpStream::connect(address).is_err());
}
