//! What an answer has to say before the time that it took counts.

use crate::scraper::Scrape;

/// All agents are up, all units active, and no collector failed.
pub(super) fn is_ours(scrape: &Scrape, agents: usize) -> Result<(), String> {
    let failed: Vec<&str> = scrape
        .samples()
        .filter(|line| line.starts_with("mosaic_collector_success{") && !line.ends_with(" 1"))
        .collect();
    if !failed.is_empty() {
        return Err(format!("collectors fail: {failed:?}"));
    }
    expect(scrape, agents, "mosaic_agent_condition", "condition=\"up\"")?;
    expect(scrape, agents, "mosaic_agent_unit_state", "state=\"active\"")
}

/// All units are active.
pub(super) fn is_node_exporters(scrape: &Scrape, agents: usize) -> Result<(), String> {
    expect(scrape, agents, "node_systemd_unit_state", "state=\"active\"")
}

/// Says what is instead, where something is.
fn expect(scrape: &Scrape, agents: usize, family: &str, label: &str) -> Result<(), String> {
    let found = scrape.ones(family, label);
    if found == agents {
        return Ok(());
    }
    let is_other = |line: &&str| line.starts_with(family) && line.ends_with(" 1") && !line.contains(label);
    let others: Vec<&str> = scrape.samples().filter(is_other).take(3).collect();
    Err(format!("{family} with {label} is 1 {found} times, expected {agents}; there is also {others:?}"))
}

/// How long its looks took: no two are alike to the nanosecond.
pub(super) fn look(scrape: &Scrape) -> Vec<String> {
    let durations = scrape.samples().filter(|line| line.starts_with("mosaic_collector_duration_seconds{"));
    durations.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_node_exporters, is_ours};
    use crate::scraper::Scrape;

    fn scrape(lines: &[&str]) -> Scrape {
        Scrape { milliseconds: 0.0, text: lines.concat() }
    }

    #[test]
    fn an_answer_that_lacks_an_agent_or_a_source_does_not_count() {
        let up = "mosaic_agent_condition{agent=\"a\",condition=\"up\"} 1\n";
        let active = "mosaic_agent_unit_state{agent=\"a\",state=\"active\"} 1\n";
        let failed = "mosaic_collector_success{collector=\"tmux\"} 0\n";
        assert_eq!(is_ours(&scrape(&[up, active]), 1), Ok(()));
        for (lines, agents) in [(&[up, active][..], 2), (&[up], 1), (&[active], 1), (&[up, active, failed], 1)] {
            assert!(is_ours(&scrape(lines), agents).is_err(), "{lines:?}");
        }
    }

    #[test]
    fn so_with_node_exporter() {
        let active = "node_systemd_unit_state{name=\"mosaic-agent@a.service\",state=\"active\",type=\"notify\"} 1\n";
        let failed = "node_systemd_unit_state{name=\"mosaic-agent@b.service\",state=\"active\",type=\"notify\"} 0\n";
        assert_eq!(is_node_exporters(&scrape(&[active, failed]), 1), Ok(()));
        assert!(is_node_exporters(&scrape(&[active, failed]), 2).is_err());
    }
}
