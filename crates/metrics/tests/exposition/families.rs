//! The families of a whole exposition: golden files, the table of families, and the number of series.

use std::collections::{BTreeMap, BTreeSet};

use mosaic_metrics::{ConstantLabels, EXPORTER_FAMILIES, FAMILIES, Family, Format, Kind, Selection};

use crate::fixture::{exposition, fleet, written};
use crate::parser::{Block, parse};

/// Compares an exposition with its golden file, which `UPDATE=1 cargo test -p mosaic-metrics golden` rewrites.
fn check(name: &str, format: Format) {
    let path = format!("{}/tests/exposition/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = written(&fleet(), format);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = golden.lines().zip(text.lines()).find(|(golden, line)| golden != line);
    assert!(golden == text, "{name} differs: run this test with UPDATE=1 and review the change: {differing:?}");
}

#[test]
fn the_text_format_matches_the_golden_file() {
    check("text.prom", Format::Text);
}

#[test]
fn openmetrics_matches_the_golden_file() {
    check("openmetrics.txt", Format::OpenMetrics);
}

fn family(block: &Block) -> &'static Family {
    let name = &block.samples[0].name;
    FAMILIES.iter().find(|family| family.name == name).unwrap_or_else(|| panic!("{name} is not in the table"))
}

#[test]
fn an_exposition_has_exactly_the_families_of_the_table() {
    for format in [Format::Text, Format::OpenMetrics] {
        let blocks = parse(&written(&fleet(), format), format);
        let names: Vec<&str> = blocks.iter().map(|block| family(block).name).collect();
        assert_eq!(names, FAMILIES.iter().map(|family| family.name).collect::<Vec<_>>());
        for block in &blocks {
            let family = family(block);
            assert_eq!(block.help, family.help);
            let kind = match (family.kind, format) {
                (Kind::Gauge, _) | (Kind::Info, Format::Text) => "gauge",
                (Kind::Counter, _) => "counter",
                (Kind::Info, Format::OpenMetrics) => "info",
                (Kind::Histogram, _) => "histogram",
            };
            assert_eq!(block.kind, kind, "{}", family.name);
            for sample in &block.samples {
                let labels: Vec<&str> = sample.labels.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(labels, family.labels, "{}", family.name);
            }
        }
    }
}

#[test]
fn both_formats_have_the_same_samples() {
    let samples = |format| {
        let blocks = parse(&written(&fleet(), format), format);
        blocks.into_iter().flat_map(|block| block.samples).collect::<Vec<_>>()
    };
    assert_eq!(samples(Format::Text), samples(Format::OpenMetrics));
}

#[test]
fn openmetrics_declares_base_units() {
    let blocks = parse(&written(&fleet(), Format::OpenMetrics), Format::OpenMetrics);
    for block in blocks {
        let expected = ["seconds", "bytes"].into_iter().find(|unit| block.name.ends_with(unit));
        assert_eq!(block.unit.as_deref(), expected, "{}", block.name);
    }
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    let all = || FAMILIES.iter().chain(EXPORTER_FAMILIES);
    let names: BTreeSet<&str> = all().map(|family| family.name).collect();
    assert_eq!(names.len(), all().count(), "a family is in the table twice");
    for Family { name, kind, help, labels } in all() {
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        assert_eq!(name.ends_with("_info"), *kind == Kind::Info, "{name}");
        assert!(name.starts_with("mosaic_") || name.starts_with("process_"), "{name}");
        assert_eq!(name.starts_with("mosaic_agent_"), labels.contains(&"agent"), "{name}");
        assert!(help.ends_with('.') && help.len() <= 100, "{name}: {help}");
    }
}

#[test]
fn an_agent_has_at_most_37_series() {
    let blocks = parse(&written(&fleet(), Format::Text), Format::Text);
    let mut series: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in blocks.iter().flat_map(|block| &block.samples) {
        if let Some(agent) = sample.label("agent") {
            *series.entry(agent).or_default() += 1;
        }
    }
    // Everything is known of the first agent. A session outside the roster has no series.
    assert_eq!(series.keys().copied().collect::<Vec<_>>(), ["coder0", "coder1", "rev0"]);
    assert!(series["coder0"] <= 37 && series.values().all(|count| *count <= series["coder0"]), "{series:?}");
    assert_eq!(series["coder0"], 37, "update the number of series in docs/prometheus.md, and here");
}

#[test]
fn a_constant_label_is_added_to_every_sample() {
    let labels = ConstantLabels::parse(&["fleet=alice"]).unwrap();
    for format in [Format::Text, Format::OpenMetrics] {
        let snapshot = fleet();
        let mut labeled = String::new();
        exposition(&snapshot).write_labeled(&labels, &Selection::ALL, format, &mut labeled);
        let (mut labeled, plain) = (parse(&labeled, format), parse(&written(&snapshot, format), format));
        for sample in labeled.iter_mut().flat_map(|block| &mut block.samples) {
            assert_eq!(sample.labels.remove(0), ("fleet".to_owned(), "alice".to_owned()));
        }
        assert_eq!(labeled.len(), plain.len());
        for (labeled, plain) in labeled.iter().zip(&plain) {
            assert_eq!(labeled.samples, plain.samples);
        }
    }
}
