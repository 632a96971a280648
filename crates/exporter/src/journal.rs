//! The log as entries of the journal, with its fields. `tracing-journald` sends them with a blocking socket, so that a
//! journald that does not read would stop the exporter.

use std::fmt::Debug;
use std::os::unix::net::UnixDatagram;

use libsystemd::logging::{Priority, SD_JOURNAL_SOCK_PATH, journal_send};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::log_queue::LogQueue;
use crate::logging::dropped_messages;

/// Whether journald listens. This does not wait for it.
pub(crate) fn is_available() -> bool {
    UnixDatagram::unbound().is_ok_and(|socket| socket.connect(SD_JOURNAL_SOCK_PATH).is_ok())
}

/// An entry of the journal.
#[derive(Debug)]
pub(crate) struct JournalRecord {
    priority: Priority,
    message: String,
    fields: Vec<(String, String)>,
}

impl JournalRecord {
    fn new(level: Level) -> Self {
        let priority = match level {
            Level::ERROR => Priority::Error,
            Level::WARN => Priority::Warning,
            Level::INFO => Priority::Notice,
            Level::DEBUG => Priority::Info,
            Level::TRACE => Priority::Debug,
        };
        let identifier = ("SYSLOG_IDENTIFIER".to_owned(), env!("CARGO_BIN_NAME").to_owned());
        Self { priority, message: String::new(), fields: vec![identifier] }
    }

    /// The record that reports dropped messages.
    pub(crate) fn of_dropped_messages(count: u64) -> Self {
        Self { message: dropped_messages(count), ..Self::new(Level::WARN) }
    }

    /// Sends the record, and waits for journald if it does not read.
    pub(crate) fn send(self) {
        // A failure to log cannot be logged.
        let _ = journal_send(self.priority, &self.message, self.fields.into_iter());
    }
}

impl Visit for JournalRecord {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            // Without a prefix, a field can be queried as `journalctl --user ADDRESS=…`.
            self.fields.push((field.name().to_ascii_uppercase(), value.to_owned()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// Puts every event into the queue of the journal.
#[derive(Debug)]
pub(crate) struct JournalLayer(LogQueue<JournalRecord>);

impl JournalLayer {
    pub(crate) fn new(queue: LogQueue<JournalRecord>) -> Self {
        Self(queue)
    }
}

impl<S: Subscriber> Layer<S> for JournalLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut record = JournalRecord::new(*metadata.level());
        let code = [
            ("CODE_FILE", metadata.file().map(str::to_owned)),
            ("CODE_LINE", metadata.line().map(|line| line.to_string())),
        ];
        record.fields.push(("TARGET".to_owned(), metadata.target().to_owned()));
        record.fields.extend(code.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        event.record(&mut record);
        self.0.send(record);
    }
}
