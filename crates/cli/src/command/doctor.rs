//! `mosaic doctor`: says what a fleet needs beside itself, and what of it is missing.

use clap::Args;
use mosaic_exit_code::ExitCode;
use mosaic_probe::Depth;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, PathArgs};
use crate::view::{diagnosis_page, print, print_json, render};

/// Show the agents' programs, their versions, and what is missing
///
/// The programs of the roster's runtimes are searched for where their agents find them, others on PATH. No program is
/// run, except Node for its version.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) paths: PathArgs,

    #[command(flatten)]
    json: JsonArg,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic doctor
  mosaic doctor --json | jq '.programs[] | select(.tested != \"known\")'

Exit codes:
  0   nothing is missing; there may be notes
  1   something is missing that an agent of the roster needs";

impl Doctor {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let diagnosis = context.observe(Depth::Snapshot)?.diagnose();
        if self.json.enabled {
            print_json(&diagnosis)?;
        } else {
            print(&render(&diagnosis_page(&diagnosis, &context.style), &context.style))?;
        }
        Ok(if diagnosis.ok { ExitCode::Ok } else { ExitCode::CheckFailed })
    }
}
