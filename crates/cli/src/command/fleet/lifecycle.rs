//! What `start`, `stop` and `restart` have in common on the command line.

use clap::Args;
use mosaic_domain::ExitCode;

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{Json, NamedAgents, Seconds};
use crate::lifecycle::{Order, run};

/// Whom an order is about, and how it is answered.
#[derive(Args, Clone, Debug)]
pub(crate) struct OrderArguments {
    #[command(flatten)]
    agents: NamedAgents,

    /// How long to wait for them
    #[arg(long, value_name = "SECONDS", default_value = "120")]
    timeout: Seconds,

    #[command(flatten)]
    json: Json,
}

impl OrderArguments {
    /// Carries the order out.
    ///
    /// # Errors
    /// An agent is not in the roster, or nobody can be asked to do it.
    pub(super) fn carry_out(&self, context: &Context, order: Order) -> Result<ExitCode, CommandError> {
        run(context, order, &self.agents, self.timeout.0, self.json.wanted)
    }
}
