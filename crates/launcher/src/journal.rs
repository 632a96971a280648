//! Writing records about an agent to the journal.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub(crate) use libsystemd::logging::Priority;
use mosaic_domain::AgentName;

/// Returns whether standard error is connected to the journal. That is checked on the descriptor itself, because child
/// processes of a service inherit `JOURNAL_STREAM`.
pub(crate) fn is_standard_error() -> bool {
    libsystemd::logging::connected_to_journal()
}

/// The time to wait for journald to accept a record.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Writes a record about an agent, which `journalctl --user AGENT=coder0` finds. If journald does not run or hangs, the
/// message goes to standard error.
pub(crate) fn record(priority: Priority, agent: &AgentName, message: &str, fields: &[(&str, String)]) {
    let common = [("AGENT", agent.to_string()), ("SYSLOG_IDENTIFIER", "mosaic-agent".to_owned())];
    let all: Vec<(String, String)> =
        common.iter().chain(fields).map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let (done, sent) = mpsc::sync_channel(1);
    let text = message.to_owned();
    // Sending blocks while journald's socket is full. This process may end while the thread is blocked.
    let sending = thread::Builder::new()
        .spawn(move || done.send(libsystemd::logging::journal_send(priority, &text, all.into_iter()).is_ok()));
    if sending.is_err() || sent.recv_timeout(TIMEOUT) != Ok(true) {
        eprintln!("{message}");
    }
}
