//! `mosaic yolo RUNTIME`: the same, without its questions for permission.

use std::ffi::OsString;

use clap::Args;
use mosaic_domain::{ExitCode, RuntimeName};

use crate::context::Context;
use crate::error::CommandError;
use crate::runtime::{self, Manner};

/// Start a runtime in this terminal that asks for no permissions
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Yolo {
    /// The runtime: claude, codex, pi, opencode, or one of the roster's
    #[arg(value_name = "RUNTIME")]
    pub(crate) runtime: RuntimeName,

    /// Its arguments, after options of ours: --print-command shows what would be run, and
    /// --kickstart FILE says what it is told first; a -- ends ours
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

impl Yolo {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        runtime::run(context, self.runtime.as_str(), Manner::Unattended, &self.arguments)
    }
}

const AFTER_HELP: &str = "\
What each is given for it:
  claude    --dangerously-skip-permissions; of root it also wants to hear that the host may be
            lost, by IS_SANDBOX=1, which is yours to say and never set for you
  codex     --dangerously-bypass-approvals-and-sandbox
  pi        nothing: it asks for no permissions
  opencode  OPENCODE_PERMISSION={\"*\":\"allow\"}, unless that variable is set

Examples:
  mosaic yolo codex
  mosaic yolo claude --print-command -- --continue
  mosaic yolo pi --kickstart task.md

Exit codes: the runtime's own; before it runs 64 unknown runtime or option, 69 not installed,
74 FILE cannot be read or be said.";
