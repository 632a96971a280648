//! However many connections are open, one more scrape gets through.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::time::Duration;

use mosaic_web::Limits;
use world::client::Client;
use world::{Served, Setup};

const NEVER: Duration = Duration::from_hours(1);

fn limits(connections: usize) -> Limits {
    Limits { connections, head: NEVER, idle: NEVER, stall: NEVER, ..Limits::default() }
}

fn few(connections: usize) -> Served {
    Setup::limits(limits(connections)).start()
}

#[test]
fn a_thousand_idle_connections_do_not_keep_a_scrape_out() {
    let served = few(512);
    let mut kept = served.client();
    let mut crowd: Vec<_> = (0..1000).map(|_| served.client()).collect();
    for (place, client) in crowd.iter_mut().enumerate() {
        // Some say nothing, some are in the middle of a request.
        if place % 2 == 0 {
            let _ = client.try_say("GET / HTTP/1.1\r\nX");
        }
    }
    for _ in 0..3 {
        assert_eq!(served.ask("GET /metrics").status, 200);
    }
    // The oldest had to go, the latest are there.
    assert!(kept.is_closed());
    assert!(crowd[0].is_closed());
    assert_eq!(crowd.last_mut().unwrap().ask("GET /last").status, 200);
}

#[test]
fn the_one_that_has_waited_longest_makes_room() {
    let served = few(3);
    let mut clients = [served.client(), served.client(), served.client()];
    for client in &mut clients {
        assert_eq!(client.ask("GET /").status, 200);
    }
    assert_eq!(clients[0].ask("GET /again").status, 200);
    let mut fourth = served.client();
    assert_eq!(fourth.ask("GET /").status, 200);
    assert!(clients[1].is_closed());
    assert_eq!(clients[0].ask("GET /").status, 200);
    assert_eq!(clients[2].ask("GET /").status, 200);
}

#[test]
fn a_request_that_is_being_answered_is_never_given_up_for_another() {
    let served = few(2);
    let mut held = [served.client(), served.client()];
    for client in &mut held {
        client.say("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    assert!(world::until(|| served.routes.asked() == 2));
    let mut third = served.client();
    third.say("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = third.answer();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert!(third.is_closed());
    served.routes.release();
    served.routes.release();
    for client in &mut held {
        assert_eq!(client.answer().body, "held");
    }
    assert_eq!(served.ask("GET /metrics").status, 200);
}

#[test]
fn a_client_that_takes_nothing_makes_room_in_the_end() {
    let served = few(1);
    let mut slow = served.client();
    slow.say("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(world::until(|| served.routes.asked() == 1));
    // Until then it is told that there is no room.
    assert!(world::until(|| {
        let mut client = served.client();
        client.say("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.try_answer().is_ok_and(|answer| answer.status == 200)
    }));
}

#[test]
fn connections_that_end_give_their_place_back() {
    let served = few(4);
    for round in 1..=8 {
        let mut leaving = served.client();
        leaving.say("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(world::until(|| served.routes.asked() >= round));
    }
    // All four places are free again, as soon as it is noticed that those clients are gone.
    assert!(world::until(|| {
        let mut kept: Vec<_> = (0..4).map(|_| served.client()).collect();
        (0..2).all(|_| kept.iter_mut().all(is_answered))
    }));
}

fn is_answered(client: &mut Client) -> bool {
    client.try_say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").is_ok()
        && client.try_answer().is_ok_and(|answer| answer.status == 200)
}
