//! The table of families is all that there is, and all of it is there.

use std::collections::BTreeSet;

use mosaic_metrics::{FAMILIES, Family, Format, Kind};

use crate::fixture::{fleet, written};
use crate::parsed::{Block, parsed};

fn family(block: &Block) -> &'static Family {
    let name = &block.samples[0].name;
    FAMILIES.iter().find(|family| family.name == name).unwrap_or_else(|| panic!("{name} is not in the table"))
}

#[test]
fn what_is_written_is_what_the_table_has() {
    for format in [Format::Text, Format::OpenMetrics] {
        let blocks = parsed(&written(&fleet(), format), format);
        let names: Vec<&str> = blocks.iter().map(|block| family(block).name).collect();
        assert_eq!(names, FAMILIES.iter().map(|family| family.name).collect::<Vec<_>>());
        for block in &blocks {
            let family = family(block);
            assert_eq!(block.help, family.help);
            let kind = match (family.kind, format) {
                (Kind::Gauge, _) | (Kind::Info, Format::Text) => "gauge",
                (Kind::Counter, _) => "counter",
                (Kind::Info, Format::OpenMetrics) => "info",
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
fn both_formats_say_the_same() {
    let samples = |format| {
        let blocks = parsed(&written(&fleet(), format), format);
        blocks.into_iter().flat_map(|block| block.samples).collect::<Vec<_>>()
    };
    assert_eq!(samples(Format::Text), samples(Format::OpenMetrics));
}

#[test]
fn in_openmetrics_a_family_in_a_base_unit_says_so() {
    let blocks = parsed(&written(&fleet(), Format::OpenMetrics), Format::OpenMetrics);
    for block in blocks {
        let expected = ["seconds", "bytes"].into_iter().find(|unit| block.name.ends_with(unit));
        assert_eq!(block.unit.as_deref(), expected, "{}", block.name);
    }
}

#[test]
fn names_are_as_prometheus_wants_them() {
    let names: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(names.len(), FAMILIES.len(), "a family is twice in the table");
    for Family { name, kind, help, labels } in FAMILIES {
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        assert_eq!(name.ends_with("_info"), *kind == Kind::Info, "{name}");
        assert!(name.starts_with("mosaic_") || name.starts_with("process_"), "{name}");
        assert_eq!(name.starts_with("mosaic_agent_"), labels.contains(&"agent"), "{name}");
        assert!(help.ends_with('.') && help.len() <= 100, "{name}: {help}");
    }
}
