//! Who sends.

use super::short_host;
use crate::context::Context;

/// The agent in whose pane this runs, or a person: `build1:coder0`, `build1:operator`.
pub(crate) fn sender(context: &Context) -> String {
    let agent = context.fleet.environment.variable("MOSAIC_AGENT_NAME").filter(|name| !name.is_empty());
    let who = agent.map_or("operator".to_owned(), |agent| agent.to_string_lossy().into_owned());
    format!("{}:{who}", short_host())
}
