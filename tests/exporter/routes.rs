//! The answer of each path, the formats of a scrape, and observations shared by concurrent scrapes.

use crate::samples::Samples;
use mosaic_harness::{ExporterProcess, HttpResponse, RosterFleet, ShippedSchema};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

fn fleet() -> Option<(RosterFleet, ExporterProcess)> {
    let fleet = RosterFleet::up_or_skip(&["mos", "coder0"])?;
    let exporter = fleet.exporter(&[]);
    Some((fleet, exporter))
}

#[test]
fn known_paths_are_served_and_others_are_not_found() {
    let Some((fleet, exporter)) = fleet() else { return };

    let metrics = exporter.get("/metrics");
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let samples = Samples(metrics.text());
    for collector in ["roster", "tmux", "systemd", "heartbeat", "process"] {
        assert!(samples.success(collector), "{collector}: {}", samples.0);
    }
    assert_eq!(samples.condition("coder0").as_deref(), Some("up"));
    assert!(samples.value("process_resident_memory_bytes").unwrap() > 0.0);

    let api = exporter.get("/api/v1/fleet");
    assert_eq!((api.status, api.header("content-type")), (200, Some("application/json")));
    let snapshot = ShippedSchema::Ps.read(&api.body);
    let (ours, theirs) = (fleet.agent("coder0"), RosterFleet::agent_of(&snapshot, "coder0"));
    assert_eq!(
        (&ours["session"]["panePid"], &ours["condition"]),
        (&theirs["session"]["panePid"], &theirs["condition"])
    );

    let page = exporter.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("coder0"), "{}", page.text());
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let icon = exporter.get("/favicon.svg");
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/svg+xml")));
    for asset in ["page.css", "page.js"] {
        let first = exporter.get(&format!("/assets/{asset}"));
        assert_eq!(first.status, 200, "{asset}");
        let tag = first.header("etag").unwrap();
        let again = exporter.get_with(&format!("/assets/{asset}"), &[("If-None-Match", tag)]);
        assert_eq!((again.status, again.body.len()), (304, 0), "{asset}");
    }
    for (path, status) in [
        ("/-/healthy", 200),
        ("/-/ready", 200),
        ("/nothing", 404),
        ("/assets/../Cargo.toml", 404),
        ("/assets/", 404),
        ("/metrics/", 404),
        ("/metrics?collect[]=weather", 400),
    ] {
        assert_eq!(exporter.get(path).status, status, "{path}");
    }
}

#[test]
fn a_scrape_honors_selected_collectors_and_requested_formats() {
    let Some((_fleet, exporter)) = fleet() else { return };
    let tmux = Samples(exporter.get("/metrics?collect[]=tmux").text());
    assert!(tmux.success("tmux") && tmux.0.contains("mosaic_agent_last_output_timestamp_seconds{"), "{}", tmux.0);
    assert!(!tmux.0.contains("collector=\"systemd\"") && !tmux.0.contains("mosaic_agent_unit_state"), "{}", tmux.0);
    let others = exporter.get("/metrics?exclude[]=tmux").text();
    assert!(!others.contains("collector=\"tmux\"") && others.contains("mosaic_agent_unit_state"), "{others}");

    let open = exporter.get_with("/metrics", &[("Accept", "application/openmetrics-text;version=1.0.0")]);
    assert_eq!(open.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(open.text().ends_with("# EOF\n"), "{}", open.text());

    let zipped = exporter.get_with("/metrics", &[("Accept-Encoding", "gzip")]);
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(zipped.body.as_slice()).read_to_string(&mut text).unwrap();
    assert!(Samples(text).success("roster"));

    let head = ask(&exporter, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn a_disabled_collector_is_not_run() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let exporter = fleet.exporter(&["--no-collector.tmux", "--no-collector.systemd", "--web.telemetry-path=/m"]);
    let samples = Samples(exporter.get("/m").text());
    assert!(!samples.0.contains("collector=\"tmux\"") && !samples.0.contains("mosaic_holder_up"), "{}", samples.0);
    assert_eq!(samples.condition("coder0").as_deref(), Some("up"), "the condition follows from heartbeat and process");
    assert_eq!(exporter.get("/metrics").status, 404);
}

/// The answer to these bytes.
fn ask(exporter: &ExporterProcess, request: &str) -> HttpResponse {
    let mut connection = TcpStream::connect(exporter.address()).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    HttpResponse::parse(&answer)
}

/// The duration of each source in microseconds, which identifies an observation.
fn observation(scrape: &str) -> Vec<String> {
    let durations = scrape.lines().filter(|line| line.starts_with("mosaic_collector_duration_seconds"));
    durations.map(str::to_owned).collect()
}

#[test]
fn concurrent_scrapes_share_an_observation() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let exporter = fleet.exporter(&[]);
    let scrapes: Vec<_> = thread::scope(|scope| {
        let scrapes: Vec<_> = (0..20).map(|_| scope.spawn(|| observation(&exporter.scrape()))).collect();
        scrapes.into_iter().map(|scrape| scrape.join().unwrap()).collect()
    });
    // One or two observations: one may have expired in between.
    let observations: BTreeSet<_> = scrapes.iter().collect();
    assert!(observations.len() <= 2, "{observations:#?}");
    assert_eq!(scrapes[0].len(), 5);
    let deadline = mosaic_harness::Deadline::default();
    while observations.contains(&observation(&exporter.scrape())) {
        assert!(!deadline.passed(), "the observation does not expire");
        thread::yield_now();
    }
}
