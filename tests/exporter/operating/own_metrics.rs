//! The exporter's own metrics, in a form that Prometheus accepts.

use super::running_exporter::{RunningExporter, exporter};
use crate::samples::Samples;
use mosaic_harness::{Fleet, HttpResponse, required_program};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

const ANY_PORT: &str = "--web.listen-address=127.0.0.1:0";

/// Checks a text with `promtool check metrics`, which also reports violations of the naming conventions.
fn assert_valid(text: &str) {
    let Some(promtool) = required_program("promtool") else { return };
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = command.spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}\n{text}");
}

#[test]
fn the_exporter_counts_its_own_work() {
    let fleet = Fleet::new();
    let exporter = RunningExporter::start(exporter(&fleet, &[ANY_PORT]));
    let address = exporter.address();
    let first = Samples(HttpResponse::get(address, "/metrics", &[]).text());
    assert_eq!(first.value("mosaic_exporter_http_requests_total{code=\"404\",handler=\"not_found\"}"), Some(0.0));
    assert_eq!(HttpResponse::get(address, "/nothing", &[]).status, 404);
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    connection.read_to_end(&mut Vec::new()).unwrap();

    // Another selection is another document, so its instruments are current.
    let second = Samples(HttpResponse::get(address, "/metrics?collect[]=tmux", &[]).text());
    let table = [
        ("mosaic_exporter_http_requests_total{code=\"404\",handler=\"not_found\"}", 1.0),
        ("mosaic_exporter_http_requests_total{code=\"200\",handler=\"metrics\"}", 1.0),
        ("mosaic_exporter_refusals_total{reason=\"method\"}", 1.0),
        ("mosaic_exporter_refusals_total{reason=\"wrong_credentials\"}", 0.0),
        ("mosaic_exporter_render_duration_seconds_count{document=\"metrics\"}", 1.0),
        ("mosaic_exporter_page_viewers", 0.0),
    ];
    for (series, expected) in table {
        assert_eq!(second.value(series), Some(expected), "{series}:\n{}", second.0);
    }
    assert!(second.value("mosaic_exporter_observation_duration_seconds_count").unwrap() >= 1.0);
    assert!(
        second.value("mosaic_exporter_response_bytes_total").unwrap()
            >= f64::from(u32::try_from(first.0.len()).unwrap())
    );
    assert_valid(&first.0);
    assert_valid(&second.0);

    let accept = [("Accept", "application/openmetrics-text;version=1.0.0")];
    let open_metrics = HttpResponse::get(address, "/metrics", &accept).text();
    assert!(open_metrics.ends_with("# EOF\n"), "{open_metrics}");
    assert!(open_metrics.contains("# TYPE mosaic_exporter_http_requests counter\n"), "{open_metrics}");
    assert!(open_metrics.contains("\nmosaic_exporter_http_requests_total{code=\"200\",handler=\"metrics\"} "));
}
