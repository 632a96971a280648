//! Users and passwords: who has them gets in, and nobody learns from the time that a refusal takes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::io::Write;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mosaic_web::Limits;
use world::config::ConfigDirectory;
use world::{Served, Setup};

/// As little work as bcrypt has.
const CHEAP: u32 = 4;

fn users(users: &[(&str, &str, u32)]) -> (ConfigDirectory, Setup) {
    let mut text = "basic_auth_users:\n".to_owned();
    for (name, password, cost) in users {
        text.extend(["  ", name, ": ", &bcrypt::hash(password, *cost).unwrap(), "\n"]);
    }
    let directory = ConfigDirectory::with(&text);
    let setup = Setup::config(&directory.path());
    (directory, setup)
}

fn basic(credentials: impl AsRef<[u8]>) -> String {
    format!("GET /\nAuthorization: Basic {}", STANDARD.encode(credentials))
}

fn status(served: &Served, credentials: &str) -> u16 {
    served.ask(&basic(credentials)).status
}

#[test]
fn only_the_right_password_of_a_user_comes_in() {
    let (_directory, setup) = users(&[("prometheus", "secret", CHEAP), ("grafana", "other:secret", CHEAP)]);
    let served = setup.start();
    for _ in 0..2 {
        assert_eq!(status(&served, "prometheus:secret"), 200);
        assert_eq!(status(&served, "grafana:other:secret"), 200);
        for wrong in [
            "prometheus:",
            "prometheus:other:secret",
            "prometheus:secret ",
            "Prometheus:secret",
            "nobody:secret",
            ":",
            "",
        ] {
            assert_eq!(status(&served, wrong), 401, "{wrong}");
        }
    }
    assert_eq!(served.routes.asked(), 4);
}

#[test]
fn without_credentials_they_are_asked_for() {
    let (_directory, setup) = users(&[("prometheus", "secret", CHEAP)]);
    let served = setup.start();
    let right = STANDARD.encode("prometheus:secret");
    for request in [
        "GET /".to_owned(),
        "GET /\nAuthorization: Bearer x".to_owned(),
        "GET /\nAuthorization: Basic !!".to_owned(),
        "GET /\nAuthorization: Basic".to_owned(),
        format!("GET /\nAuthorization: Basic {right}\nAuthorization: Basic {right}"),
    ] {
        let answer = served.ask(&request);
        assert_eq!(answer.status, 401, "{request}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm=\""), "{request}");
    }
    assert_eq!(served.ask(&format!("GET /\nAuthorization: basic {right}")).status, 200);
    assert_eq!(served.ask("POST /").status, 405);
    // No page of another name has credentials for this one.
    assert_eq!(served.ask(&format!("GET http://fleet.example/\nAuthorization: Basic {right}")).status, 200);
}

#[test]
fn a_password_that_bcrypt_would_cut_off_is_wrong() {
    let long = "x".repeat(72);
    let (_directory, setup) = users(&[("prometheus", long.as_str(), CHEAP)]);
    let served = setup.start();
    assert_eq!(status(&served, &format!("prometheus:{long}y")), 401);
    assert_eq!(status(&served, &format!("prometheus:{long}")), 200);
    assert_eq!(status(&served, &format!("prometheus:{long}y")), 401);
}

#[test]
fn a_flood_of_wrong_passwords_does_not_starve_a_scrape() {
    let (_directory, setup) = users(&[("prometheus", "secret", 12)]);
    let served = Setup { limits: Limits { waiting_passwords: 2, ..Limits::default() }, ..setup }.start();
    assert_eq!(status(&served, "prometheus:secret"), 200);
    let request = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {}\r\n\r\n",
        STANDARD.encode("prometheus:wrong")
    );
    let mut flood: Vec<_> = (0..40).map(|_| served.client()).collect();
    for client in &mut flood {
        client.stream.get_mut().write_all(request.as_bytes()).unwrap();
    }
    // The rest is told to wait, and does not.
    assert!(flood[30].answer().status == 503);
    assert_eq!(status(&served, "prometheus:secret"), 200);
    // They are still at it: the scrape did not wait for them.
    let statuses: Vec<_> =
        flood.iter_mut().enumerate().filter(|(place, _)| *place != 30).map(|(_, c)| c.answer().status).collect();
    let worked_out = statuses.iter().filter(|status| **status == 401).count();
    assert!((1..=4).contains(&worked_out), "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 503].contains(status)));
}

#[test]
fn clients_that_leave_the_row_make_room_in_it() {
    let (_directory, setup) = users(&[("prometheus", "secret", CHEAP)]);
    let served = Setup { limits: Limits { waiting_passwords: 1, ..Limits::default() }, ..setup }.start();
    for _ in 0..50 {
        let mut client = served.client();
        client.say(basic("prometheus:wrong").replace('\n', " HTTP/1.1\r\nHost: localhost\r\n") + "\r\n\r\n");
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while status(&served, "prometheus:secret") != 200 {
        assert!(Instant::now() < deadline);
    }
}
