//! A whole scrape of each format, as it is in the files beside this one. `UPDATE=1 cargo test -p metrics golden` writes
//! them anew.

use mosaic_metrics::Format;

use crate::fixture::{fleet, written};

fn check(name: &str, format: Format) {
    let path = format!("{}/tests/exposition/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = written(&fleet(), format);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = golden.lines().zip(text.lines()).find(|(golden, line)| golden != line);
    assert!(golden == text, "{name} is not up to date: run this test with UPDATE=1, and look: {differing:?}");
}

#[test]
fn a_scrape_in_the_text_format_is_the_golden_one() {
    check("text.prom", Format::Text);
}

#[test]
fn a_scrape_in_openmetrics_is_the_golden_one() {
    check("openmetrics.txt", Format::OpenMetrics);
}
