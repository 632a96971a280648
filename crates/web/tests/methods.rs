//! Only GET and HEAD do anything, and what is not a good request is refused with the status that says why.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use world::Served;

#[test]
fn get_and_head_are_answered_alike_but_for_the_body() {
    let served = Served::usual();
    let mut client = served.client();
    let get = client.ask("GET /x");
    assert_eq!((get.status, get.body.as_str()), (200, "GET /x"));
    assert_eq!(get.header("x-content-type-options"), Some("nosniff"));
    let long = client.ask("GET /xx");
    let head = client.ask("HEAD /x");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    // "HEAD /x" is as long as "GET /xx".
    assert_eq!(head.lasting_headers(), long.lasting_headers());
    // The connection is where it should be.
    assert_eq!(client.ask("GET /y").body, "GET /y");
}

#[test]
fn other_methods_do_nothing() {
    let served = Served::usual();
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
        let answer = served.ask(request);
        assert_eq!(answer.status, 405, "{request}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{request}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{request}");
        assert!(answer.body.contains("GET and HEAD"), "{request}: {}", answer.body);
    }
    assert_eq!(served.routes.asked(), 0);
}

#[test]
fn a_body_is_refused_without_being_read() {
    let served = Served::usual();
    for request in [
        "GET /\nContent-Length: 1",
        "GET /\nContent-Length: 1000000000",
        "GET /\nTransfer-Encoding: chunked",
        "HEAD /\nContent-Length: 5",
        "GET /\nContent-Length: 5\nExpect: 100-continue",
    ] {
        let mut client = served.client();
        let answer = client.ask(request);
        assert_eq!(answer.status, 413, "{request}");
        assert_eq!(answer.header("connection"), Some("close"), "{request}");
    }
    assert_eq!(served.routes.asked(), 0);
}

#[test]
fn a_great_body_does_not_keep_its_sender_from_the_refusal() {
    let served = Served::usual();
    let mut client = served.client();
    client.say("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n");
    client.say(vec![b'x'; 4_000_000]);
    assert_eq!(client.answer().status, 405);
    assert!(client.is_closed());
}

#[test]
fn expectations_and_upgrades_have_no_effect() {
    let served = Served::usual();
    assert_eq!(served.ask("GET /\nExpect: a-miracle").status, 417);
    assert_eq!(served.ask("GET /\nExpect: 100-continue").status, 200);
    let mut client = served.client();
    let upgrade = client.ask("GET /u\nConnection: upgrade\nUpgrade: websocket");
    assert_eq!((upgrade.status, upgrade.body.as_str()), (200, "GET /u"));
    assert_eq!(client.ask("GET /after").body, "GET /after");
}

#[test]
fn a_target_is_a_path_whichever_way_it_is_written() {
    let served = Served::usual();
    let absolute = served.ask("GET http://localhost:1/x?y=1");
    assert_eq!((absolute.status, absolute.body.as_str()), (200, "GET /x?y=1"));
    assert_eq!(served.ask("GET http://evil.example/x").status, 421);
    assert_eq!(served.ask("GET *").status, 400);
    assert_eq!(served.ask("GET localhost:80").status, 400);
    assert_eq!(served.ask("GET /../../etc/passwd").body, "GET /../../etc/passwd");
}

#[test]
fn what_is_not_http_is_malformed() {
    let served = Served::usual();
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
        let mut client = served.client();
        client.say(request);
        let answer = client.answer();
        assert_eq!(answer.status, 400, "{request:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{request:?}");
        assert!(answer.body.contains("HTTP/1.1"), "{request:?}: {}", answer.body);
        assert!(client.is_closed());
    }
    assert_eq!(served.routes.asked(), 0);
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let served = Served::usual();
    let mut client = served.client();
    client.say("GET /old HTTP/1.0\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "GET /old"));
    assert!(client.is_closed());
}

#[test]
fn requests_may_be_sent_ahead() {
    let served = Served::usual();
    let mut client = served.client();
    client.say("GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3) + "GET /4 HTTP/1.1\r\nHo");
    for _ in 0..3 {
        assert_eq!(client.answer().body, "GET /1");
    }
    client.say("st: localhost\r\n\r\n");
    assert_eq!(client.answer().body, "GET /4");
}
