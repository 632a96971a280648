//! A configuration that changes is in force at once; a broken one never is.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use world::certificates::Authority;
use world::config::{ConfigDirectory, TLS};
use world::tls_client::TlsClient;
use world::{Served, Setup};

fn user(name: &str, password: &str) -> String {
    format!("basic_auth_users:\n  {name}: {}\n", bcrypt::hash(password, 4).unwrap())
}

fn status(served: &Served, credentials: &str) -> u16 {
    served.ask(&format!("GET /\nAuthorization: Basic {}", STANDARD.encode(credentials))).status
}

#[test]
fn users_come_and_go_also_on_a_connection_that_is_open() {
    let directory = ConfigDirectory::with(&user("a", "old"));
    let served = Setup::config(&directory.path()).start();
    let mut kept = served.client();
    let request = format!("GET /\nAuthorization: Basic {}", STANDARD.encode("a:old"));
    assert_eq!(kept.ask(&request).status, 200);
    directory.write("web.yml", &user("a", "new"));
    assert_eq!(kept.ask(&request).status, 401);
    assert_eq!(status(&served, "a:new"), 200);
    directory.write("web.yml", &user("b", "new"));
    assert_eq!(status(&served, "a:new"), 401);
    directory.write("web.yml", "");
    assert_eq!(served.ask("GET /").status, 200);
}

#[test]
fn what_is_broken_or_gone_changes_nothing() {
    let good = user("a", "old");
    let directory = ConfigDirectory::with(&good);
    let served = Setup::config(&directory.path()).start();
    for broken in ["basic_auth_users: [", "no_such_key: 1", "basic_auth_users:\n  a: plain\n", "\u{0}"] {
        directory.write("web.yml", broken);
        for _ in 0..2 {
            assert_eq!(served.ask("GET /").status, 401, "{broken}");
            assert_eq!(status(&served, "a:old"), 200, "{broken}");
        }
    }
    directory.remove("web.yml");
    assert_eq!(served.ask("GET /").status, 401);
    directory.write("web.yml", &user("a", "new"));
    assert_eq!(status(&served, "a:new"), 200);
}

#[test]
fn a_renewed_certificate_is_used_and_half_of_one_is_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let directory = ConfigDirectory::with_server(&old, TLS);
    let served = Setup::config(&directory.path()).start();
    let by = |authority: &Authority| {
        TlsClient::trusting(authority).ask(served.address, "GET /").is_ok_and(|answer| answer.status == 200)
    };
    assert_eq!((by(&old), by(&new)), (true, false));
    let renewed = new.server();
    directory.write("server.crt", &renewed.certificate);
    // Its key is not there yet: the two do not belong together.
    assert_eq!((by(&old), by(&new)), (true, false));
    directory.write("server.key", &renewed.key);
    assert_eq!((by(&old), by(&new)), (false, true));
}

#[test]
fn a_file_that_comes_late_is_noticed() {
    let authority = Authority::new();
    let directory = ConfigDirectory::with("");
    let served = Setup::config(&directory.path()).start();
    assert_eq!(served.ask("GET /").status, 200);
    directory.write("web.yml", TLS);
    assert_eq!(served.ask("GET /").status, 200);
    directory.put_server(&authority.server());
    assert_eq!(served.ask("GET /").status, 400);
    assert_eq!(TlsClient::trusting(&authority).ask(served.address, "GET /").unwrap().status, 200);
}

#[test]
fn a_word_from_outside_has_it_read_and_survives_what_is_broken() {
    let directory = ConfigDirectory::with(&user("a", "old"));
    let served = Setup::config(&directory.path()).start();
    assert_eq!(status(&served, "a:old"), 200);
    served.reloader.reload();
    assert_eq!(status(&served, "a:old"), 200);
    directory.write("web.yml", "[");
    served.reloader.reload();
    assert_eq!(status(&served, "a:old"), 200);
    assert_eq!(served.ask("GET /").status, 401);
}

#[test]
fn headers_are_added_to_every_answer() {
    let headers = "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n    \
                   Strict-Transport-Security: max-age=1\n    Content-Security-Policy: ''\n";
    let directory = ConfigDirectory::with(headers);
    let served = Setup::config(&directory.path()).start();
    for request in ["GET /", "HEAD /", "POST /", "GET http://evil.example/"] {
        let answer = served.ask(request);
        assert_eq!(answer.header("x-frame-options"), Some("deny"), "{request}");
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=1"), "{request}");
        assert_eq!(answer.header("content-security-policy"), None, "{request}");
    }
}

#[test]
fn more_requests_than_the_rate_allows_are_refused() {
    let directory = ConfigDirectory::with("rate_limit:\n  interval: 1h\n  burst: 2\n");
    let served = Setup::config(&directory.path()).start();
    assert_eq!(served.ask("GET /").status, 200);
    assert_eq!(served.ask("GET /").status, 200);
    assert_eq!(served.ask("GET /").status, 429);
    directory.write("web.yml", "rate_limit:\n  interval: 0s\n  burst: 0\n");
    assert_eq!(served.ask("GET /").status, 200);
}
