//! The commands `start`, `stop` and `restart`.

use std::time::Duration;

use mosaic_domain::ExitCode;

use super::{Order, Scope, Teller, carry_out};
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::NamedAgents;

/// Carries an order out as the command line has it, and prints what came of it.
///
/// # Errors
/// An agent is not in the roster, or nobody can be asked to do it.
pub(crate) fn run(
    context: &Context,
    order: Order,
    named: &NamedAgents,
    limit: Duration,
    json: bool,
) -> Result<ExitCode, CommandError> {
    let roster = context.roster()?;
    let scope = named.checked(&roster)?.map_or(Scope::All, Scope::Agents);
    let listed = roster.agents.iter().map(|agent| agent.name.as_str());
    let mut teller = Teller::new(context.style, order, json, listed);
    carry_out(context, &roster, order, &scope, limit, &mut |report| teller.tell(report))?;
    teller.finish()
}
