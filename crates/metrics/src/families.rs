//! Everything that can be exported: one table, each family once.

use crate::family::Family;
use crate::family::Kind::{self, Counter, Gauge, Info};

const fn family(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Family {
    Family { name, kind, help, labels }
}

/// The families, in the order in which a scrape has them.
pub const FAMILIES: &[Family] = &[
    family("mosaic_build_info", Info, &["version", "revision"], "The build of the program that answers."),
    family(
        "mosaic_fleet_info",
        Info,
        &["host", "tenant", "socket"],
        "The fleet: its host, its user, and its tmux socket.",
    ),
    family("mosaic_collector_success", Gauge, &["collector"], "Whether the collector could read its source."),
    family("mosaic_collector_duration_seconds", Gauge, &["collector"], "How long reading the collector's source took."),
    family("mosaic_roster_agents", Gauge, &[], "Agents in the roster, as it was last read with success."),
    family("mosaic_roster_last_load_success", Gauge, &[], "Whether the roster can be read now, and makes sense."),
    family("mosaic_roster_last_load_timestamp_seconds", Gauge, &[], "When the roster was last read with success."),
    family("mosaic_agent_info", Info, &["agent", "runtime", "class", "unit"], "An agent of the roster."),
    family("mosaic_holder_up", Gauge, &[], "Whether the tmux server answers and has the holder's session."),
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
        "The state of the agent's unit: 1 for the one that it is in.",
    ),
    family("mosaic_agent_unit_enabled", Gauge, &["agent"], "Whether the agent's unit is started at boot."),
    family("mosaic_agent_heartbeat_timestamp_seconds", Gauge, &["agent"], "When the agent's heartbeat was written."),
    family(
        "mosaic_agent_heartbeat_interval_seconds",
        Gauge,
        &["agent"],
        "How often the heartbeat's writer promised to write it.",
    ),
    family("mosaic_agent_starts_total", Counter, &["agent"], "Starts of the agent since its run directory is new."),
    family(
        "mosaic_agent_last_exit_code",
        Gauge,
        &["agent"],
        "How the agent's process ended last: its exit code, or 128 plus the signal.",
    ),
    family("mosaic_agent_last_exit_timestamp_seconds", Gauge, &["agent"], "When the agent's process ended last."),
    family(
        "mosaic_agent_activity",
        Gauge,
        &["agent", "activity"],
        "What the agent does, reported, or seen on its screen: 1 for the one that it is at.",
    ),
    family(
        "mosaic_agent_activity_timestamp_seconds",
        Gauge,
        &["agent"],
        "When the agent came to what it does, as reported, or as seen on its screen.",
    ),
    family(
        "mosaic_agent_waiting_for",
        Gauge,
        &["agent", "reason"],
        "What the agent waits for: 1 for the one, and none while it does not wait.",
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
        "Memory of the agent's control group, else of its processes.",
    ),
    family(
        "mosaic_agent_cpu_seconds_total",
        Counter,
        &["agent"],
        "CPU time of the agent's control group, else of its processes.",
    ),
    family(
        "mosaic_agent_tasks",
        Gauge,
        &["agent"],
        "Processes and threads in the agent's control group, else its processes.",
    ),
    family(
        "mosaic_agent_condition",
        Gauge,
        &["agent", "condition"],
        "The verdict on the agent: 1 for the condition that it is in.",
    ),
    family("mosaic_drift_items", Gauge, &["kind"], "Differences from the roster that were seen."),
    family("mosaic_verify_passed", Gauge, &[], "Whether every required check of mosaic fleet verify passes."),
    family("process_cpu_seconds_total", Counter, &[], "CPU time of this program."),
    family("process_resident_memory_bytes", Gauge, &[], "Resident memory of this program."),
    family("process_virtual_memory_bytes", Gauge, &[], "Virtual memory of this program."),
    family("process_open_fds", Gauge, &[], "Open file descriptors of this program."),
    family("process_max_fds", Gauge, &[], "How many file descriptors this program may have open."),
    family("process_start_time_seconds", Gauge, &[], "When this program started."),
    family("process_threads", Gauge, &[], "Threads of this program."),
];
