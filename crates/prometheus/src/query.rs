//! The queries, chosen so that a few of them describe any number of hosts.

/// An instant query. Ages are relative to the scrape where the exporter observed something, so that a long scrape
/// interval makes nothing look older than it was; the clock is the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Query {
    /// Whether each exporter answers, including those that never did if another one of their job has.
    Up,
    /// The seconds since the last successful scrape of each exporter.
    SampleAges,
    /// All series that are 1 for the current state: names, conditions, activities.
    States,
    /// All gauges and counters.
    Values,
    /// The agents of exporters that do not answer, as of their last scrape.
    LastKnown,
    /// The age of each heartbeat.
    HeartbeatAges,
    /// The seconds since the last output of each agent.
    OutputAges,
    /// The seconds that each agent has had its activity.
    ActivityAges,
}

impl Query {
    /// All queries.
    pub(crate) const ALL: [Self; 8] = [
        Self::Up,
        Self::SampleAges,
        Self::States,
        Self::Values,
        Self::LastKnown,
        Self::HeartbeatAges,
        Self::OutputAges,
        Self::ActivityAges,
    ];

    /// The expression in `PromQL`, as supported by Prometheus, Mimir, Thanos and `VictoriaMetrics`.
    pub(crate) fn promql(self) -> &'static str {
        match self {
            Self::Up => {
                "up and on (job, instance) last_over_time(mosaic_build_info[1d]) \
                 or (up == 0 and on (job) last_over_time(mosaic_build_info[1d]))"
            }
            Self::SampleAges => {
                // A subquery finds only series that existed at one of its steps, so the steps are finer the more recent
                // they are.
                "time() - timestamp(mosaic_build_info) \
                 or time() - max_over_time(timestamp(mosaic_build_info)[5m:1s]) \
                 or time() - max_over_time(timestamp(mosaic_build_info)[1h:15s]) \
                 or time() - max_over_time(timestamp(mosaic_build_info)[1d:1m])"
            }
            Self::States => {
                "{__name__=~\"mosaic_(build_info|fleet_info|agent_info|agent_condition|agent_activity\
                 |agent_waiting_for)\"} == 1"
            }
            Self::Values => {
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
