//! Queries on the text of a scrape.

/// The text of a scrape.
#[derive(Clone, Debug)]
pub(crate) struct Samples(pub(crate) String);

impl Samples {
    /// The value of the one sample with this name and these labels.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        let mut lines = self.0.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let value = lines.next()?.parse().expect("a sample ends with its value");
        assert_eq!(lines.next(), None, "{series} occurs twice");
        Some(value)
    }

    /// Whether a collector succeeded.
    pub(crate) fn success(&self, collector: &str) -> bool {
        let success = self.value(&format!("mosaic_collector_success{{collector=\"{collector}\"}}"));
        success.unwrap_or_else(|| panic!("no sample of collector {collector}:\n{}", self.0)) > 0.5
    }

    /// The condition of an agent.
    pub(crate) fn condition(&self, agent: &str) -> Option<String> {
        self.state("mosaic_agent_condition", agent, "condition")
    }

    /// The activity of an agent.
    pub(crate) fn activity(&self, agent: &str) -> Option<String> {
        self.state("mosaic_agent_activity", agent, "activity")
    }

    /// The reason for which an agent waits.
    pub(crate) fn waiting_for(&self, agent: &str) -> Option<String> {
        self.state("mosaic_agent_waiting_for", agent, "reason")
    }

    /// The label value of a state set whose sample is 1.
    fn state(&self, family: &str, agent: &str, label: &str) -> Option<String> {
        let beginning = format!("{family}{{agent=\"{agent}\",{label}=\"");
        let is_one = |line: &&str| line.ends_with("\"} 1");
        let line = self.0.lines().filter(is_one).find_map(|line| line.strip_prefix(&beginning))?;
        Some(line.trim_end_matches("\"} 1").to_owned())
    }
}
