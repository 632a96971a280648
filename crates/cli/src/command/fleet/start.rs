//! `mosaic fleet start`: through the user manager, or directly where there is none.

use clap::Args;
use mosaic_domain::ExitCode;

use super::order_arguments::OrderArguments;
use crate::context::Context;
use crate::error::CommandError;
use crate::lifecycle::Order;

/// Start agents, and wait until they run
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet start\n  mosaic fleet start coder0 coder1 --timeout 20")]
pub(crate) struct Start {
    #[command(flatten)]
    pub(crate) arguments: OrderArguments,
}

impl Start {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        self.arguments.carry_out(context, Order::Start)
    }
}
