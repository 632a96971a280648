//! `mosaic fleet stop`: agents first, then the holder.

use clap::Args;
use mosaic_domain::ExitCode;

use super::order_arguments::OrderArguments;
use crate::context::Context;
use crate::error::CommandError;
use crate::lifecycle::Order;

/// Stop agents; all of them: the holder too
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic fleet stop\n  mosaic fleet stop coder0 coder1 --timeout 20")]
pub(crate) struct Stop {
    #[command(flatten)]
    pub(crate) arguments: OrderArguments,
}

impl Stop {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        self.arguments.carry_out(context, Order::Stop)
    }
}
