//! `mosaic yolo RUNTIME`: launches a runtime that does not ask for permissions.

use std::ffi::OsString;

use clap::Args;
use mosaic_domain::RuntimeName;
use mosaic_exit_code::ExitCode;
use mosaic_runtimes::LaunchMode;

use super::runtime::launch;
use crate::context::Context;
use crate::error::CommandError;

/// Launch a runtime in this terminal without its permission prompts
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Yolo {
    /// The runtime: claude, codex, pi, opencode, or a runtime of the site or the roster
    #[arg(value_name = "RUNTIME")]
    pub(crate) runtime: RuntimeName,

    /// Arguments for the runtime. Before them, --print-command only prints the command, and --kickstart FILE gives the
    /// first prompt; '--' ends these options
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

impl Yolo {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        launch(context, self.runtime.as_str(), LaunchMode::Unattended, &self.arguments)
    }
}

const AFTER_HELP: &str = "\
What disables the permission prompts:
  claude    --dangerously-skip-permissions; as root, claude also requires IS_SANDBOX=1, which
            confirms that the host may be lost. Only you may set it
  codex     --dangerously-bypass-approvals-and-sandbox
  pi        nothing: pi has no permission prompts
  opencode  OPENCODE_PERMISSION={\"*\":\"allow\"}, unless that variable is set

Examples:
  mosaic yolo codex
  mosaic yolo claude --print-command -- --continue
  mosaic yolo pi --kickstart task.md

Exit codes: that of the runtime; before it runs, 64 unknown runtime or option, 69 not installed,
74 FILE cannot be read or used.";
