//! How much there is: what each agent adds to a Prometheus for as long as it keeps anything.

use std::collections::BTreeMap;

use mosaic_metrics::Format;

use crate::fixture::{fleet, written};
use crate::parsed::parsed;

#[test]
fn an_agent_has_at_most_forty_series() {
    let blocks = parsed(&written(&fleet(), Format::Text), Format::Text);
    let mut series: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in blocks.iter().flat_map(|block| &block.samples) {
        if let Some(agent) = sample.label("agent") {
            *series.entry(agent).or_default() += 1;
        }
    }
    // Of the first one everything is known. What is not in the roster has none at all.
    assert_eq!(series.keys().copied().collect::<Vec<_>>(), ["coder0", "coder1", "rev0"]);
    assert!(series["coder0"] <= 40 && series.values().all(|count| *count <= series["coder0"]), "{series:?}");
    assert_eq!(series["coder0"], 37, "what a series costs is in the documentation");
}
