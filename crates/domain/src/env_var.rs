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
/// The seconds between two heartbeats.
pub const HEARTBEAT_INTERVAL: &str = "MOSAIC_HEARTBEAT_INTERVAL";
/// The directory of heartbeats, in place of `fleet/run` below `MOSAIC_HOME`.
pub const HEARTBEAT_RUN_DIR: &str = "MOSAIC_HEARTBEAT_RUN_DIR";
/// The directory of everything that belongs to the fleet, in place of `~/.config/mosaic`.
pub const MOSAIC_HOME: &str = "MOSAIC_HOME";
/// The program by which an agent's runtime reports its activity.
pub const REPORTER: &str = "MOSAIC_REPORTER";
/// Whether agents' runtimes report their activity.
pub const REPORTING: &str = "MOSAIC_REPORTING";
/// The home directory of the user.
pub const HOME: &str = "HOME";
/// The directories in which programs are searched.
pub const PATH: &str = "PATH";
/// The shell of the user.
pub const SHELL: &str = "SHELL";
