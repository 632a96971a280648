//! Metric families, and the table of all of them.

use Kind::{Counter, Gauge, Histogram, Info};

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value that goes up and down.
    Gauge,
    /// A value that only goes up, or restarts at zero.
    Counter,
    /// A constant 1 whose labels carry the information. The text format calls it a gauge.
    Info,
    /// Observations, counted in buckets.
    Histogram,
}

/// A metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The name in queries; the samples of a histogram add a suffix to it.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
    /// The help text, a sentence.
    pub help: &'static str,
    /// The names of the labels.
    pub labels: &'static [&'static str],
}

impl Family {
    /// Returns the family of this name. An unknown name does not compile.
    pub(crate) const fn named(name: &str) -> &'static Self {
        let mut index = 0;
        while index < FAMILIES.len() {
            if equal(FAMILIES[index].name.as_bytes(), name.as_bytes()) {
                return &FAMILIES[index];
            }
            index += 1;
        }
        panic!("the family is not in the table")
    }

    /// The name of the family in OpenMetrics, where only the names of samples have the suffixes of counters and infos.
    pub(crate) fn open_metrics_name(&self) -> &'static str {
        let suffix = match self.kind {
            Gauge | Histogram => "",
            Counter => "_total",
            Info => "_info",
        };
        self.name.strip_suffix(suffix).unwrap_or(self.name)
    }

    /// The base unit at the end of the name, if there is one.
    pub(crate) fn unit(&self) -> Option<&'static str> {
        let name = self.open_metrics_name();
        ["seconds", "bytes"].into_iter().find(|unit| name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_')))
    }
}

/// Compares two texts in a constant expression, where `==` is not available.
const fn equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

const fn family(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Family {
    Family { name, kind, help, labels }
}

/// The families that describe the fleet and the process, in the order of an exposition.
pub const FAMILIES: &[Family] = &[
    family("mosaic_build_info", Info, &["version", "revision"], "The build of the program that exports these metrics."),
    family(
        "mosaic_fleet_info",
        Info,
        &["host", "tenant", "socket"],
        "The fleet: its host, its user, and its tmux socket.",
    ),
    family("mosaic_collector_success", Gauge, &["collector"], "Whether the collector could read its source."),
    family(
        "mosaic_collector_duration_seconds",
        Gauge,
        &["collector"],
        "How long the collector took to read its source.",
    ),
    family("mosaic_roster_agents", Gauge, &[], "Number of agents in the last valid roster."),
    family("mosaic_roster_last_load_success", Gauge, &[], "Whether the roster file is readable and valid now."),
    family("mosaic_roster_last_load_timestamp_seconds", Gauge, &[], "When the last valid roster was loaded."),
    family("mosaic_agent_info", Info, &["agent", "runtime", "class", "unit"], "An agent of the roster."),
    family(
        "mosaic_agent_memory_limit_bytes",
        Gauge,
        &["agent"],
        "The agent's limit of memory in the roster, if it is set in bytes.",
    ),
    family("mosaic_agent_cpu_limit_cores", Gauge, &["agent"], "The agent's limit of CPU time in the roster, in CPUs."),
    family(
        "mosaic_agent_tasks_limit",
        Gauge,
        &["agent"],
        "The agent's limit of processes and threads in the roster, if it is set as a number.",
    ),
    family("mosaic_holder_up", Gauge, &[], "Whether the tmux server runs and has the holder session."),
    family("mosaic_holder_start_time_seconds", Gauge, &[], "When the tmux server started."),
    family(
        "mosaic_agent_last_output_timestamp_seconds",
        Gauge,
        &["agent"],
        "When the agent's pane last printed something.",
    ),
    family("mosaic_linger_enabled", Gauge, &[], "Whether the user's units run without a login."),
    family(
        "mosaic_agent_unit_state",
        Gauge,
        &["agent", "state"],
        "The active state of the agent's unit. The value is 1; only the current state is exported.",
    ),
    family("mosaic_agent_unit_enabled", Gauge, &["agent"], "Whether the agent's unit is started at boot."),
    family(
        "mosaic_agent_heartbeat_timestamp_seconds",
        Gauge,
        &["agent"],
        "When the agent's last heartbeat was written.",
    ),
    family(
        "mosaic_agent_heartbeat_interval_seconds",
        Gauge,
        &["agent"],
        "The interval at which the agent's heartbeat is written.",
    ),
    family(
        "mosaic_agent_starts_total",
        Counter,
        &["agent"],
        "Starts of the agent since its run directory was created.",
    ),
    family(
        "mosaic_agent_last_exit_code",
        Gauge,
        &["agent"],
        "The exit code of the agent's last process, or 128 plus the signal that killed it.",
    ),
    family("mosaic_agent_last_exit_timestamp_seconds", Gauge, &["agent"], "When the agent's last process ended."),
    family(
        "mosaic_agent_last_end_reason",
        Gauge,
        &["agent", "reason"],
        "How the agent ended last. The value is 1; only the last reason is exported.",
    ),
    family(
        "mosaic_agent_activity",
        Gauge,
        &["agent", "activity"],
        "The agent's activity, as reported or seen on its screen: 1 for the current one.",
    ),
    family(
        "mosaic_agent_activity_timestamp_seconds",
        Gauge,
        &["agent"],
        "When the agent's current activity began, as reported or seen on its screen.",
    ),
    family(
        "mosaic_agent_waiting_for",
        Gauge,
        &["agent", "reason"],
        "What the agent waits for. The value is 1; an agent that does not wait has no series.",
    ),
    family("mosaic_agent_process_alive", Gauge, &["agent"], "Whether the process in the agent's pane is alive."),
    family(
        "mosaic_agent_process_start_time_seconds",
        Gauge,
        &["agent"],
        "When the process in the agent's pane started.",
    ),
    family(
        "mosaic_agent_memory_bytes",
        Gauge,
        &["agent"],
        "Memory of the agent's control group, or else of its processes.",
    ),
    family(
        "mosaic_agent_cpu_seconds_total",
        Counter,
        &["agent"],
        "CPU time of the agent's control group, or else of its processes.",
    ),
    family(
        "mosaic_agent_tasks",
        Gauge,
        &["agent"],
        "Processes and threads in the agent's control group, or else its processes.",
    ),
    family(
        "mosaic_agent_oom_kills_total",
        Counter,
        &["agent"],
        "Processes of the agent's control group that the kernel killed because memory was short.",
    ),
    family(
        "mosaic_agent_limits_enforced",
        Gauge,
        &["agent"],
        "Whether all limits of the agent in the roster are in force; only while it runs.",
    ),
    family(
        "mosaic_agent_messages_undelivered",
        Gauge,
        &["agent"],
        "Messages to the agent that wait or are being delivered.",
    ),
    family(
        "mosaic_agent_oldest_message_timestamp_seconds",
        Gauge,
        &["agent"],
        "When the oldest undelivered message to the agent was created; only while there is one.",
    ),
    family(
        "mosaic_messages_failed",
        Gauge,
        &["outcome"],
        "Messages of the last seven days that were refused, expired, or are unconfirmed.",
    ),
    family(
        "mosaic_agent_condition",
        Gauge,
        &["agent", "condition"],
        "The agent's condition: 1 for the current one, 0 for the others.",
    ),
    family("mosaic_agent_condition_timestamp_seconds", Gauge, &["agent"], "When the agent's current condition began."),
    family("mosaic_drift_items", Gauge, &["kind"], "Number of differences between the roster and the fleet."),
    family("mosaic_verify_passed", Gauge, &[], "Whether every required check of mosaic fleet verify passes."),
    family("process_cpu_seconds_total", Counter, &[], "CPU time of this program."),
    family("process_resident_memory_bytes", Gauge, &[], "Resident memory of this program."),
    family("process_virtual_memory_bytes", Gauge, &[], "Virtual memory of this program."),
    family("process_open_fds", Gauge, &[], "Number of open file descriptors of this program."),
    family("process_max_fds", Gauge, &[], "Limit on open file descriptors of this program."),
    family("process_start_time_seconds", Gauge, &[], "When this program started."),
    family("process_threads", Gauge, &[], "Number of threads of this program."),
];

/// The families of the exporter's own instruments, in the order of an exposition.
pub const EXPORTER_FAMILIES: &[Family] = &[
    family(
        "mosaic_exporter_certificate_expiry_timestamp_seconds",
        Gauge,
        &["certificate"],
        "When the first certificate in the exporter's web configuration expires; only with TLS.",
    ),
    family(
        "mosaic_exporter_http_requests_total",
        Counter,
        &["code", "handler"],
        "Requests that a handler answered, by status code.",
    ),
    family(
        "mosaic_exporter_observation_duration_seconds",
        Histogram,
        &[],
        "How long an observation of the fleet took.",
    ),
    family(
        "mosaic_exporter_log_messages_dropped_total",
        Counter,
        &[],
        "Log messages that were dropped because the log was not read.",
    ),
    family("mosaic_exporter_page_viewers", Gauge, &[], "Number of open pages that receive live updates."),
    family("mosaic_exporter_refusals_total", Counter, &["reason"], "Requests and connections that were refused."),
    family(
        "mosaic_exporter_render_duration_seconds",
        Histogram,
        &["document"],
        "How long rendering and compressing a document took.",
    ),
    family("mosaic_exporter_response_bytes_total", Counter, &[], "Bytes of response bodies that were sent."),
    family(
        "mosaic_exporter_web_config_last_reload_success_timestamp_seconds",
        Gauge,
        &[],
        "When the exporter's web configuration that is in force was read.",
    ),
    family(
        "mosaic_exporter_web_config_last_reload_successful",
        Gauge,
        &[],
        "Whether the exporter's web configuration was valid when it was last read.",
    ),
];

#[cfg(test)]
mod reference {
    //! Holds `docs/reference/metrics.md` to the tables. `UPDATE=1 ./dev test -p mosaic-metrics reference` writes it.

    use std::fmt::Write;

    use super::{Counter, EXPORTER_FAMILIES, FAMILIES, Family, Gauge, Histogram, Info};

    const HEADER: &str = "# Metrics\n\n\
        <!-- Generated from crates/metrics/src/family.rs: UPDATE=1 ./dev test -p mosaic-metrics reference -->\n\n\
        All values are in base units, and times are timestamps. Series of agents come from the roster, so an agent that\n\
        never started has them too. A source that could not be read costs its own series only.\n";

    fn page() -> String {
        format!("{HEADER}\n## The fleet\n\n{}\n## The exporter itself\n\n{}", table(FAMILIES), table(EXPORTER_FAMILIES))
    }

    fn table(families: &[Family]) -> String {
        let mut out = String::from("| metric | type | labels | description |\n|---|---|---|---|\n");
        for Family { name, kind, help, labels } in families {
            let kind = match kind {
                Gauge => "gauge",
                Counter => "counter",
                Info => "info",
                Histogram => "histogram",
            };
            let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(out, "| `{name}` | {kind} | {labels} | {help} |");
        }
        out
    }

    #[test]
    fn the_reference_has_a_row_for_every_family() {
        let reference = page();
        let row = "| `mosaic_agent_unit_state` | gauge | `agent`, `state` | The active state of the agent's unit. The \
                   value is 1; only the current state is exported. |";
        assert!(reference.lines().any(|line| line == row), "{reference}");
        let rows = reference.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, FAMILIES.len() + EXPORTER_FAMILIES.len());
    }

    #[test]
    fn metrics_reference_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/metrics.md");
        let expected = page();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &expected).unwrap();
        }
        let shipped = std::fs::read_to_string(path).unwrap_or_default();
        assert!(shipped == expected, "docs/reference/metrics.md is not up to date: run this test with UPDATE=1");
    }
}
