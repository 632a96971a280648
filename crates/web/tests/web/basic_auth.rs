//! Users and passwords, and the limits on what their verification costs.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::support::tls::ConfigDirectory;
use crate::support::{ServerSetup, TestServer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mosaic_web::Limits;

/// The lowest cost that bcrypt allows.
const CHEAP: u32 = 4;

fn users(users: &[(&str, &str, u32)]) -> (ConfigDirectory, ServerSetup) {
    let mut text = "basic_auth_users:\n".to_owned();
    for (name, password, cost) in users {
        text.extend(["  ", name, ": ", &bcrypt::hash(password, *cost).unwrap(), "\n"]);
    }
    let directory = ConfigDirectory::with(&text);
    let setup = ServerSetup::config(&directory.path());
    (directory, setup)
}

fn basic(credentials: impl AsRef<[u8]>) -> String {
    format!("GET /\nAuthorization: Basic {}", STANDARD.encode(credentials))
}

fn status(server: &TestServer, credentials: &str) -> u16 {
    server.request(&basic(credentials)).status
}

#[test]
fn only_the_correct_password_of_a_user_is_accepted() {
    let (_directory, setup) = users(&[("prometheus", "secret", CHEAP), ("grafana", "other:secret", CHEAP)]);
    let server = setup.start();
    for _ in 0..2 {
        assert_eq!(status(&server, "prometheus:secret"), 200);
        assert_eq!(status(&server, "grafana:other:secret"), 200);
        for wrong in [
            "prometheus:",
            "prometheus:other:secret",
            "prometheus:secret ",
            "Prometheus:secret",
            "unknown:secret",
            ":",
            "",
        ] {
            assert_eq!(status(&server, wrong), 401, "{wrong}");
        }
    }
    assert_eq!(server.routes.requests(), 4);
}

#[test]
fn missing_or_malformed_credentials_are_refused_with_a_challenge() {
    let (_directory, setup) = users(&[("prometheus", "secret", CHEAP)]);
    let server = setup.start();
    let right = STANDARD.encode("prometheus:secret");
    for request in [
        "GET /".to_owned(),
        "GET /\nAuthorization: Bearer x".to_owned(),
        "GET /\nAuthorization: Basic !!".to_owned(),
        "GET /\nAuthorization: Basic".to_owned(),
        format!("GET /\nAuthorization: Basic {right}\nAuthorization: Basic {right}"),
    ] {
        let response = server.request(&request);
        assert_eq!(response.status, 401, "{request}");
        assert!(response.header("www-authenticate").unwrap().starts_with("Basic realm=\""), "{request}");
    }
    assert_eq!(server.request(&format!("GET /\nAuthorization: basic {right}")).status, 200);
    assert_eq!(server.request("POST /").status, 405);
    // A browser has no credentials for the name of another page, so every host name is accepted.
    assert_eq!(server.request(&format!("GET http://fleet.example/\nAuthorization: Basic {right}")).status, 200);
}

#[test]
fn a_password_longer_than_bcrypt_reads_is_wrong() {
    let long = "x".repeat(72);
    let (_directory, setup) = users(&[("prometheus", long.as_str(), CHEAP)]);
    let server = setup.start();
    assert_eq!(status(&server, &format!("prometheus:{long}y")), 401);
    assert_eq!(status(&server, &format!("prometheus:{long}")), 200);
    assert_eq!(status(&server, &format!("prometheus:{long}y")), 401);
}

#[test]
fn a_flood_of_wrong_passwords_does_not_delay_a_scrape() {
    let (_directory, setup) = users(&[("prometheus", "secret", 12)]);
    let server = ServerSetup { limits: Limits { waiting_passwords: 2, ..Limits::default() }, ..setup }.start();
    assert_eq!(status(&server, "prometheus:secret"), 200);
    let request = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {}\r\n\r\n",
        STANDARD.encode("prometheus:wrong")
    );
    let mut flood: Vec<_> = (0..40).map(|_| server.client()).collect();
    for client in &mut flood {
        client.stream.get_mut().write_all(request.as_bytes()).unwrap();
    }
    // The queue is full, and further requests are refused at once.
    assert!(flood[30].response().status == 503);
    assert_eq!(status(&server, "prometheus:secret"), 200);
    // The flood is still being verified: the scrape did not wait for it.
    let statuses: Vec<_> =
        flood.iter_mut().enumerate().filter(|(index, _)| *index != 30).map(|(_, c)| c.response().status).collect();
    let verified = statuses.iter().filter(|status| **status == 401).count();
    assert!((1..=4).contains(&verified), "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 503].contains(status)));
}

#[test]
fn clients_that_disconnect_leave_the_password_queue() {
    let (_directory, setup) = users(&[("prometheus", "secret", CHEAP)]);
    let server = ServerSetup { limits: Limits { waiting_passwords: 1, ..Limits::default() }, ..setup }.start();
    for _ in 0..50 {
        let mut client = server.client();
        client.send(basic("prometheus:wrong").replace('\n', " HTTP/1.1\r\nHost: localhost\r\n") + "\r\n\r\n");
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while status(&server, "prometheus:secret") != 200 {
        assert!(Instant::now() < deadline);
    }
}
