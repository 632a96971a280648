//! Records in the journal that carry an agent's name.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub(crate) use libsystemd::logging::Priority;
use mosaic_domain::AgentName;

/// Is standard error connected to the journal? By `JOURNAL_STREAM` and the descriptor itself: the
/// variable alone is inherited by whatever a service starts.
pub(crate) fn takes_standard_error() -> bool {
    libsystemd::logging::connected_to_journal()
}

/// How long a journald that does not read is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Writes a record about an agent, so that `journalctl --user AGENT=coder0` finds it. Where no
/// journald runs, or it hangs, the message goes to standard error.
pub(crate) fn record(priority: Priority, agent: &AgentName, message: &str, fields: &[(&str, String)]) {
    let common = [("AGENT", agent.to_string()), ("SYSLOG_IDENTIFIER", "mosaic-agent".to_owned())];
    let all: Vec<(String, String)> =
        common.iter().chain(fields).map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let (done, sent) = mpsc::sync_channel(1);
    let text = message.to_owned();
    // Sending blocks while journald's socket is full; a thread can be left behind with that.
    let sending = thread::Builder::new()
        .spawn(move || done.send(libsystemd::logging::journal_send(priority, &text, all.into_iter()).is_ok()));
    if sending.is_err() || sent.recv_timeout(PATIENCE) != Ok(true) {
        eprintln!("{message}");
    }
}
