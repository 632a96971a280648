//! Tells why an agent was not started.

use std::env;

use mosaic_domain::AgentName;

use super::{Arguments, StartError};
use crate::sidecar::journal::{self, Priority};
use crate::systemd_service::SystemdService;

/// Says it on standard error; where that is the journal, in a record that `journalctl --user
/// AGENT=coder0` finds beside the agent's other ends.
pub fn report(arguments: &Arguments, error: &StartError) {
    let message = format!("ERROR: {error}");
    let named = arguments.agent.clone().or_else(|| env::var_os("MOSAIC_AGENT_NAME"));
    let agent = named.and_then(|name| name.to_str()?.parse::<AgentName>().ok());
    match agent.filter(|_| journal::takes_standard_error()) {
        Some(agent) => {
            let service = SystemdService::ours(|name| env::var_os(name)).ok().flatten();
            // Named, because journald looks up the unit of whoever writes, and we are gone in a moment.
            let unit = service.map(|service| ("USER_UNIT", service.group().name().to_owned()));
            journal::record(Priority::Error, &agent, &message, unit.as_slice());
        }
        None => eprintln!("{message}"),
    }
}
