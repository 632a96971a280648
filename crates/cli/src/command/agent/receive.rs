//! `mosaic agent receive`: the other side of `mosaic agent send --host`.

use clap::Args;
use mosaic_domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::mail;

/// Take a message of another host's mosaic from standard input
#[derive(Args, Clone, Debug)]
#[command(hide = true, after_help = "Example:\n  mosaic agent send coder0 -H this-host -m hello   on another host")]
pub(crate) struct Receive {}

impl Receive {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let Self {} = self;
        mail::receive(context)
    }
}
