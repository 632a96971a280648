//! What a Prometheus is asked, so that a few answers tell of any number of hosts.

/// One instant query. Ages are counted by the server's clock, from the moment of the scrape where the scraped
/// program saw something: how often it is scraped makes nothing older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// Which exporters there are, and whether they answer; also those that never did, beside one that did.
    Exporters,
    /// How long ago each was scraped last with success.
    Ages,
    /// Everything that is 1 for what is so: who is there, and in what state.
    States,
    /// Everything that counts.
    Numbers,
    /// Who was there, of exporters that do not tell now.
    LastKnown,
    /// How old each heartbeat was.
    HeartbeatAges,
    /// How long each window had been silent.
    OutputAges,
    /// How long each agent has been doing what it does.
    ActivityAges,
}

impl Question {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Exporters,
        Self::Ages,
        Self::States,
        Self::Numbers,
        Self::LastKnown,
        Self::HeartbeatAges,
        Self::OutputAges,
        Self::ActivityAges,
    ];

    /// In `PromQL`, as Prometheus, Mimir, Thanos and `VictoriaMetrics` understand it.
    pub(super) fn expression(self) -> &'static str {
        match self {
            Self::Exporters => {
                "up and on (job, instance) last_over_time(mosaic_build_info[1d]) \
                 or (up == 0 and on (job) last_over_time(mosaic_build_info[1d]))"
            }
            Self::Ages => {
                "time() - timestamp(mosaic_build_info) \
                 or time() - max_over_time(timestamp(mosaic_build_info)[1d:5m])"
            }
            Self::States => {
                "{__name__=~\"mosaic_(build_info|fleet_info|agent_info|agent_condition|agent_activity\
                 |agent_waiting_for)\"} == 1"
            }
            Self::Numbers => {
                "{__name__=~\"mosaic_(collector_success|verify_passed|drift_items|agent_starts_total\
                 |agent_memory_bytes|agent_cpu_seconds_total)\"}"
            }
            Self::LastKnown => {
                "last_over_time({__name__=~\"mosaic_(fleet_info|agent_info)\"}[1d]) \
                 unless on (job, instance) mosaic_build_info"
            }
            Self::HeartbeatAges => {
                "timestamp(mosaic_agent_heartbeat_timestamp_seconds) - mosaic_agent_heartbeat_timestamp_seconds"
            }
            Self::OutputAges => {
                "timestamp(mosaic_agent_last_output_timestamp_seconds) - mosaic_agent_last_output_timestamp_seconds"
            }
            Self::ActivityAges => "time() - mosaic_agent_activity_timestamp_seconds",
        }
    }
}
