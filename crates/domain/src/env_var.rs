//! The names of the environment variables that Mosaic Fleet reads and sets.

/// The name of the agent (`MOSAIC_AGENT_NAME`).
pub const AGENT_NAME: &str = "MOSAIC_AGENT_NAME";
/// The agent's runtime, such as `claude`.
pub const AGENT_RUNTIME: &str = "MOSAIC_AGENT_RUNTIME";
/// The agent's working directory.
pub const AGENT_WORKDIR: &str = "MOSAIC_AGENT_WORKDIR";
/// The agent's command, a line that a shell reads.
pub const AGENT_COMMAND: &str = "MOSAIC_AGENT_COMMAND";
/// The agent's class in the roster.
pub const AGENT_CLASS: &str = "MOSAIC_AGENT_CLASS";
/// The model that the roster suggests for the agent.
pub const AGENT_MODEL_HINT: &str = "MOSAIC_AGENT_MODEL_HINT";
/// The name of the fleet's tmux socket.
pub const TMUX_SOCKET: &str = "MOSAIC_TMUX_SOCKET";
/// The name of the holder's tmux session.
pub const HOLDER_SESSION: &str = "MOSAIC_HOLDER_SESSION";
/// The name of the holder's tmux session in the settings of the older tools, for [`HOLDER_SESSION`].
pub const TMUX_HOLDER: &str = "MOSAIC_TMUX_HOLDER";
/// The seconds between two heartbeats.
pub const HEARTBEAT_INTERVAL: &str = "MOSAIC_HEARTBEAT_INTERVAL";
/// The directory of heartbeats, in place of `fleet/run` below `MOSAIC_HOME`.
pub const HEARTBEAT_RUN_DIR: &str = "MOSAIC_HEARTBEAT_RUN_DIR";
/// The directory of everything that belongs to the fleet, in place of `~/.config/mosaic`.
pub const MOSAIC_HOME: &str = "MOSAIC_HOME";
/// The path of the `mosaic` that an agent's runtime calls to report its activity. The launch of the runtime sets it, and
/// programs that the agent starts inherit it.
pub const REPORTER: &str = "MOSAIC_REPORTER";
/// `off` launches an agent's runtime without a reporter.
pub const REPORTING: &str = "MOSAIC_REPORTING";
/// The program that the launch of a runtime has started, its version and its process: `PROGRAM@VERSION@PID`.
pub const RUNTIME_VERSION: &str = "MOSAIC_RUNTIME_VERSION";
/// How the skills are chosen with which the runtime `pi` is launched.
pub const PI_SKILL_MODE: &str = "MOSAIC_PI_SKILL_MODE";
/// Skills with which the runtime `pi` is launched in any case.
pub const PI_FORCE_SKILLS: &str = "MOSAIC_PI_FORCE_SKILLS";
/// The tenant to which the fleet belongs, a label of its metrics.
pub const TENANT: &str = "MOSAIC_TENANT";
/// The ssh program that connects to other hosts.
pub const SSH: &str = "MOSAIC_SSH";
/// The address of the Prometheus server from which `--prometheus` reads.
pub const PROMETHEUS_URL: &str = "MOSAIC_PROMETHEUS_URL";
/// The user name for the Prometheus server.
pub const PROMETHEUS_USER: &str = "MOSAIC_PROMETHEUS_USER";
/// The password for the Prometheus server.
pub const PROMETHEUS_PASSWORD: &str = "MOSAIC_PROMETHEUS_PASSWORD";
/// The bearer token for the Prometheus server.
pub const PROMETHEUS_BEARER_TOKEN: &str = "MOSAIC_PROMETHEUS_BEARER_TOKEN";
/// The tenant header for the Prometheus server.
pub const PROMETHEUS_TENANT: &str = "MOSAIC_PROMETHEUS_TENANT";
/// The directory of the programs that the demo and the tests run.
pub const FLEET_BIN_DIR: &str = "MOSAIC_FLEET_BIN_DIR";
/// The home directory of the user.
pub const HOME: &str = "HOME";
/// The directories in which programs are searched.
pub const PATH: &str = "PATH";
/// The shell of the user.
pub const SHELL: &str = "SHELL";

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_of_settings_has_every_variable() {
        let page = include_str!("../../../docs/reference/settings.md");
        let names = include_str!("env_var.rs").split('"').filter(|text| text.starts_with("MOSAIC_"));
        for name in names.filter(|name| name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')) {
            let is_listed = name == "MOSAIC_" || page.contains(&format!("`{name}`"));
            assert!(is_listed, "docs/reference/settings.md has no line for {name}: add one");
        }
    }
}
