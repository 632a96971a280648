//! The command line of `start-agent-session`.

use clap::Parser;

/// Start an AI coding agent in its own tmux session, and watch it.
///
/// Without --foreground the session is started, a sidecar is left behind that writes the agent's
/// heartbeat, and the program returns. Starting an agent that runs already changes nothing.
#[derive(Clone, Debug, Parser)]
#[command(name = "start-agent-session", version, after_help = AFTER_HELP)]
pub struct Arguments {
    /// Stay, as the process that systemd watches: exit when the agent does, with its exit code
    #[arg(long)]
    pub foreground: bool,

    /// End a session of that name that is there already, and start anew
    #[arg(long)]
    pub replace: bool,

    /// The agent's name, else that of `MOSAIC_AGENT_NAME`
    ///
    /// 1 to 64 ASCII letters, digits, '_' or '-', a letter or digit first.
    #[arg(value_name = "AGENT")]
    pub agent: Option<std::ffi::OsString>,
}

const AFTER_HELP: &str = "\
Environment:
  MOSAIC_AGENT_NAME          the agent, if no AGENT is given
  MOSAIC_TMUX_SOCKET         tmux socket of the fleet [mosaic-factory]
  MOSAIC_AGENT_RUNTIME       claude, codex, pi, opencode, ... [pi]
  MOSAIC_AGENT_WORKDIR       where the agent works; made if missing [$HOME]
  MOSAIC_AGENT_COMMAND       what to run [mosaic yolo $MOSAIC_AGENT_RUNTIME]
  MOSAIC_HEARTBEAT_INTERVAL  seconds between two heartbeats [15]
  MOSAIC_HEARTBEAT_RUN_DIR   where heartbeats are [$MOSAIC_HOME/fleet/run]
  MOSAIC_HOME                the fleet's home [~/.config/mosaic]

Exit codes:
  0   started, or running already
  1   the agent's command ended at once
  64  wrong usage
  69  tmux, or the tmux server, is not there
  70  a bug
  74  a file or directory cannot be read or written
  75  somebody else is starting or watching the agent
  77  permission denied
  78  a setting has a value that cannot be used
  With --foreground also whatever the agent exits with; 128 + N if signal N killed it.";
