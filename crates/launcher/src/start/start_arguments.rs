//! The command line of `start-agent-session`.

use clap::{Parser, ValueEnum};

/// Start an AI coding agent in its own tmux session, and watch it.
///
/// Without --foreground, the program starts the session and a sidecar that writes the agent's
/// heartbeat, and returns. Starting an agent that runs already changes nothing.
#[derive(Clone, Debug, Parser)]
#[command(name = "start-agent-session", version, after_help = AFTER_HELP)]
pub struct Arguments {
    /// Stay as the process that systemd watches; exit when the agent does, with its exit code
    #[arg(long)]
    pub foreground: bool,

    /// End a session of that name if one exists, and start a new one
    #[arg(long)]
    pub replace: bool,

    /// The environment has the variables of the agent's env file
    #[arg(long, hide = true)]
    pub has_env_file: bool,

    /// Print the result as text, or as JSON: one object per line
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, hide = true, conflicts_with = "foreground")]
    pub output: OutputFormat,

    /// The name of the agent [default: the value of `MOSAIC_AGENT_NAME`]
    ///
    /// 1 to 64 ASCII letters, digits, '_' or '-', starting with a letter or digit.
    #[arg(value_name = "AGENT")]
    pub agent: Option<std::ffi::OsString>,
}

/// The format in which the result is printed; see [`StartOutput`](super::StartOutput).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Text for people.
    #[default]
    Text,
    /// JSON for programs.
    Json,
}

const AFTER_HELP: &str = "\
Environment:
  MOSAIC_AGENT_NAME          the agent, if AGENT is not given
  MOSAIC_TMUX_SOCKET         tmux socket of the fleet [mosaic-factory]
  MOSAIC_AGENT_RUNTIME       claude, codex, pi, opencode, ... [pi]
  MOSAIC_AGENT_WORKDIR       working directory of the agent; made if missing [$HOME]
  MOSAIC_AGENT_COMMAND       command to run [mosaic yolo $MOSAIC_AGENT_RUNTIME]
  MOSAIC_HEARTBEAT_INTERVAL  seconds between two heartbeats [15]
  MOSAIC_HEARTBEAT_RUN_DIR   directory of heartbeats [$MOSAIC_HOME/fleet/run]
  MOSAIC_HOME                directory of the fleet [~/.config/mosaic]

Exit codes:
  0   the agent was started, or runs already
  1   the agent's command ended at once
  64  the command line is wrong
  69  tmux or the tmux server is missing
  70  a bug
  74  a file or directory cannot be read or written
  75  another process starts or watches the agent; try again later
  77  permission denied
  78  a setting has a value that cannot be used
  With --foreground also the exit code of the agent; 128 + N if signal N killed it.";

#[cfg(test)]
mod tests {
    use super::{Arguments, OutputFormat};
    use clap::Parser;

    #[test]
    fn json_output_is_for_detached_starts() {
        let parse = |arguments: &[&str]| Arguments::try_parse_from(arguments).map(|arguments| arguments.output);
        assert_eq!(parse(&["start-agent-session", "a"]).unwrap(), OutputFormat::Text);
        assert_eq!(parse(&["start-agent-session", "--output", "json", "a"]).unwrap(), OutputFormat::Json);
        assert!(parse(&["start-agent-session", "--output", "json", "--foreground", "a"]).is_err());
    }
}
