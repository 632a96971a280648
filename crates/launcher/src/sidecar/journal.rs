//! What a sidecar writes to the journal.

use domain::AgentName;
pub(super) use libsystemd::logging::Priority;

/// Writes a record about an agent, so that `journalctl --user AGENT=coder0` finds it. Where no
/// journald runs it goes to standard error.
pub(super) fn record(priority: Priority, agent: &AgentName, message: &str, fields: &[(&str, String)]) {
    let common = [("AGENT", agent.to_string()), ("SYSLOG_IDENTIFIER", "mosaic-agent".to_owned())];
    let all = common.iter().map(|(key, value)| (*key, value.as_str()));
    let all = all.chain(fields.iter().map(|(key, value)| (*key, value.as_str())));
    if libsystemd::logging::journal_send(priority, message, all).is_err() {
        eprintln!("{message}");
    }
}
