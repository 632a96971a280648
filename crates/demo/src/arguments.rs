//! The command line of the demo.

use clap::Parser;

use crate::agent_kind::AgentKind;

/// Start a fleet of three agents, kill one of them, and watch what happens.
///
/// The fleet has a tmux socket, a directory and, where a systemd user manager answers, units of its
/// own; your tmux server and your fleet are not touched. Ctrl-C ends it and leaves nothing behind.
#[derive(Clone, Debug, Parser)]
#[command(name = "demo", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// End after the scene instead of going on until Ctrl-C
    #[arg(long)]
    pub(crate) once: bool,

    /// What runs as agent; without it you are asked, if one of them is on PATH
    #[arg(long, value_name = "NAME")]
    pub(crate) runtime: Option<AgentKind>,
}

const AFTER_HELP: &str = "\
A real runtime runs three times, with your account and at your cost; the demo sends it nothing.

Environment:
  MOSAIC_FLEET_BIN_DIR  where start-agent-session, agent-sidecar and agent-pane are
                        [the directory of this program]
  TMPDIR                where the demo's directory is made, if that is a short, plain path [/tmp]
  NO_COLOR              if not empty: no colour

Exit codes:
  0   the scene went as told, or was ended before it could go wrong
  1   it did not; with --once also: it was ended before it was over
  64  wrong usage
  69  tmux, the programs of Mosaic Fleet or the chosen runtime are not there
  70  a bug
  74  a file or directory cannot be read or written
  75  another demo is running
  128 + N if signal N came before anything was started";
