//! Which requests are answered: methods, targets, bodies, sizes and host names.

use crate::support::{ServerSetup, TestServer};

#[test]
fn head_is_answered_like_get_without_the_body() {
    let server = TestServer::start_default();
    let mut client = server.client();
    let get = client.request("GET /x");
    assert_eq!((get.status, get.body.as_str()), (200, "GET /x"));
    assert_eq!(get.header("x-content-type-options"), Some("nosniff"));
    let long = client.request("GET /xx");
    let head = client.request("HEAD /x");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    // "HEAD /x" is as long as "GET /xx".
    assert_eq!(head.headers_without_date(), long.headers_without_date());
    // A body after the response to HEAD would break the next response.
    assert_eq!(client.request("GET /y").body, "GET /y");
}

#[test]
fn methods_other_than_get_and_head_are_refused() {
    let server = TestServer::start_default();
    for request in [
        "POST /",
        "PUT /",
        "DELETE /",
        "PATCH /",
        "OPTIONS *",
        "OPTIONS /",
        "TRACE /",
        "PROPFIND /",
        "get /",
        "CONNECT localhost:80",
        "POST /\nContent-Length: 0",
    ] {
        let response = server.request(request);
        assert_eq!(response.status, 405, "{request}");
        assert_eq!(response.header("allow"), Some("GET, HEAD"), "{request}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{request}");
        assert!(response.body.contains("GET and HEAD"), "{request}: {}", response.body);
    }
    assert_eq!(server.routes.requests(), 0);
}

#[test]
fn a_body_is_refused_without_being_read() {
    let server = TestServer::start_default();
    for request in [
        "GET /\nContent-Length: 1",
        "GET /\nContent-Length: 1000000000",
        "GET /\nTransfer-Encoding: chunked",
        "HEAD /\nContent-Length: 5",
        "GET /\nContent-Length: 5\nExpect: 100-continue",
    ] {
        let mut client = server.client();
        let response = client.request(request);
        assert_eq!(response.status, 413, "{request}");
        assert_eq!(response.header("connection"), Some("close"), "{request}");
    }
    assert_eq!(server.routes.requests(), 0);
}

#[test]
fn the_sender_of_a_large_body_receives_the_refusal() {
    let server = TestServer::start_default();
    let mut client = server.client();
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n");
    client.send(vec![b'x'; 4_000_000]);
    assert_eq!(client.response().status, 405);
    assert!(client.is_closed());
}

#[test]
fn expectations_are_refused_and_upgrades_are_ignored() {
    let server = TestServer::start_default();
    assert_eq!(server.request("GET /\nExpect: a-miracle").status, 417);
    assert_eq!(server.request("GET /\nExpect: 100-continue").status, 200);
    let mut client = server.client();
    let upgrade = client.request("GET /u\nConnection: upgrade\nUpgrade: websocket");
    assert_eq!((upgrade.status, upgrade.body.as_str()), (200, "GET /u"));
    assert_eq!(client.request("GET /after").body, "GET /after");
}

#[test]
fn a_target_may_be_a_path_or_an_absolute_uri() {
    let server = TestServer::start_default();
    let absolute = server.request("GET http://localhost:1/x?y=1");
    assert_eq!((absolute.status, absolute.body.as_str()), (200, "GET /x?y=1"));
    assert_eq!(server.request("GET http://evil.example/x").status, 421);
    assert_eq!(server.request("GET *").status, 400);
    assert_eq!(server.request("GET localhost:80").status, 400);
    assert_eq!(server.request("GET /../../etc/passwd").body, "GET /../../etc/passwd");
}

#[test]
fn malformed_requests_are_refused() {
    let server = TestServer::start_default();
    for request in [
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}",
    ] {
        let mut client = server.client();
        client.send(request);
        let response = client.response();
        assert_eq!(response.status, 400, "{request:?}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{request:?}");
        assert!(response.body.contains("HTTP/1.1"), "{request:?}: {}", response.body);
        assert!(client.is_closed());
    }
    assert_eq!(server.routes.requests(), 0);
}

#[test]
fn http_1_0_is_answered_and_the_connection_closed() {
    let server = TestServer::start_default();
    let mut client = server.client();
    client.send("GET /old HTTP/1.0\r\n\r\n");
    let response = client.response();
    assert_eq!((response.status, response.body.as_str()), (200, "GET /old"));
    assert!(client.is_closed());
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = TestServer::start_default();
    let mut client = server.client();
    client.send("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3) + "GET /4 HTTP/1.1\r\nHo");
    for _ in 0..3 {
        assert_eq!(client.response().body, "GET /1");
    }
    client.send("st: localhost\r\n\r\n");
    assert_eq!(client.response().body, "GET /4");
}

const HEAD_LIMIT: usize = 16 * 1024;

#[test]
fn a_head_up_to_the_limit_is_accepted() {
    let server = TestServer::start_default();
    let start = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    for (length, status) in [(HEAD_LIMIT, 200), (HEAD_LIMIT + 1, 431)] {
        let mut client = server.client();
        client.send(format!("{start}{}\r\n\r\n", "x".repeat(length - start.len() - 4)));
        assert_eq!(client.response().status, status, "{length}");
    }
}

#[test]
fn more_than_a_hundred_header_fields_are_refused() {
    let server = TestServer::start_default();
    let mut client = server.client();
    client.send(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(200)));
    assert_eq!(client.response().status, 431);
}

#[test]
fn a_target_beyond_the_limit_is_refused() {
    let server = TestServer::start_default();
    assert_eq!(server.request(&format!("GET /{}", "x".repeat(8191))).status, 200);
    assert_eq!(server.request(&format!("GET /{}", "x".repeat(8192))).status, 414);
    let mut client = server.client();
    client.send(format!("GET /{}", "x".repeat(100_000)));
    let response = client.response();
    assert_eq!(response.status, 414);
    assert!(response.body.contains("8192 bytes"), "{}", response.body);
}

fn status(server: &TestServer, request: &str) -> u16 {
    let mut client = server.client();
    client.send(request);
    client.response().status
}

#[test]
fn only_allowed_host_names_are_answered() {
    let server = ServerSetup { hosts: vec!["fleet.example".to_owned()], ..ServerSetup::default() }.start();
    let machine = rustix::system::uname().nodename().to_str().unwrap().to_owned();
    for (host, expected) in [
        ("localhost", 200),
        ("localhost:27871", 200),
        ("LocalHost:1", 200),
        ("127.0.0.1:27871", 200),
        ("[::1]:27871", 200),
        ("192.0.2.7", 200),
        ("fleet.example:80", 200),
        (machine.as_str(), 200),
        ("evil.example", 421),
        ("evil.example:27871", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 400),
        ("a b", 400),
        ("user@localhost", 400),
        ("user@localhost:80", 400),
        ("localhost:http", 400),
        ("localhost:99999", 400),
        ("localhost/x", 400),
        ("evil.example, localhost", 400),
    ] {
        assert_eq!(status(&server, &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), expected, "{host}");
    }
}

#[test]
fn the_refusal_of_a_host_name_names_the_flag_that_allows_it() {
    let server = TestServer::start_default();
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    let response = client.response();
    assert_eq!(response.status, 421);
    assert!(response.body.contains("--web.allowed-host=evil.example"), "{}", response.body);
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(server.routes.requests(), 0);
}

#[test]
fn exactly_one_host_is_required() {
    let server = TestServer::start_default();
    assert_eq!(status(&server, "GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status(&server, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), 400);
    assert_eq!(status(&server, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"), 400);
    // HTTP/1.0 has no Host field. Browsers do not use it, so it is no danger.
    assert_eq!(status(&server, "GET / HTTP/1.0\r\n\r\n"), 200);
    assert_eq!(status(&server, "GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n"), 421);
    assert_eq!(status(&server, "GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
}

#[test]
fn the_handler_learns_of_every_refusal() {
    let server = TestServer::start_default();
    for (refused, (request, expected)) in
        [("GET /", 200), ("POST /", 405), ("GET http://evil.example/", 421), ("GET /\nno colon", 400)]
            .into_iter()
            .enumerate()
    {
        assert_eq!(server.request(request).status, expected, "{request}");
        assert_eq!((server.routes.refused(), server.routes.requests()), (refused, 1), "{request}");
    }
}
