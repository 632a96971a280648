//! Writing records about an agent to the journal.

use std::io;
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

/// Writes a record about an agent, which `journalctl --user AGENT=coder0` finds, and waits until journald has it. If
/// journald does not run or hangs, the message goes to standard error.
pub(crate) fn record(priority: Priority, agent: &AgentName, message: &str, fields: &[(&str, String)]) {
    let (done, sent) = mpsc::sync_channel(1);
    let report = move |is_sent| {
        let _ = done.send(is_sent);
    };
    let sending = send(priority, agent, message, fields, report);
    if sending.is_err() || sent.recv_timeout(TIMEOUT) != Ok(true) {
        eprintln!("{message}");
    }
}

/// Does the same without waiting, for a process that has more to do: a journald that hangs must not delay its heartbeats.
pub(crate) fn record_meanwhile(priority: Priority, agent: &AgentName, message: &str) {
    let text = message.to_owned();
    let print_unsent = move |is_sent: bool| {
        if !is_sent {
            eprintln!("{text}");
        }
    };
    if send(priority, agent, message, &[], print_unsent).is_err() {
        eprintln!("{message}");
    }
}

/// Sends a record from a thread of its own, because that blocks while journald's socket is full. This process may end
/// while the thread is blocked.
fn send(
    priority: Priority,
    agent: &AgentName,
    message: &str,
    fields: &[(&str, String)],
    done: impl FnOnce(bool) + Send + 'static,
) -> io::Result<()> {
    let common = [("AGENT", agent.to_string()), ("SYSLOG_IDENTIFIER", "mosaic-agent".to_owned())];
    let all: Vec<(String, String)> =
        common.iter().chain(fields).map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let text = message.to_owned();
    let sending = move || done(libsystemd::logging::journal_send(priority, &text, all.into_iter()).is_ok());
    thread::Builder::new().spawn(sending).map(drop)
}
