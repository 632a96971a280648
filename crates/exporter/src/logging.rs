//! The log: its flags, and its output.

use std::io::{self, Write};
use std::sync::OnceLock;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use prometheus::IntCounter;
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::journal::{self, JournalLayer, JournalRecord};
use crate::log_queue::{LogQueue, QueuedLine};

/// The flags of the log. The last of several equal flags applies, so that a site can override those of the unit.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Log")]
pub(crate) struct LogFlags {
    /// Log messages of this level and above
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info", overrides_with = "level")]
    pub(crate) level: LogLevel,

    /// Write this format, to standard error or to the journal
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt", overrides_with = "format")]
    pub(crate) format: LogFormat,
}

/// The levels, with the names that other exporters use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Every connection.
    Debug,
    /// Start, stop and reload.
    Info,
    /// Conditions that need attention.
    Warn,
    /// Failures.
    Error,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One line of `key=value` pairs per message, on standard error.
    Logfmt,
    /// One JSON object per message, on standard error.
    Json,
    /// Journal entries with fields.
    Journald,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Info => Self::INFO,
            LogLevel::Warn => Self::WARN,
            LogLevel::Error => Self::ERROR,
        }
    }
}

/// Waits for the output of the log at the end of the process.
static FLUSH: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Starts the log. Without a journal, its messages go to standard error. `dropped` counts the messages for which there
/// was no room while the output was not read.
///
/// # Errors
/// The thread that writes the log cannot be started.
pub(crate) fn init(flags: LogFlags, dropped: IntCounter) -> io::Result<()> {
    let filter = LevelFilter::from_level(Level::from(flags.level));
    let registry = tracing_subscriber::registry();
    if flags.format == LogFormat::Journald && journal::is_available() {
        let queue = LogQueue::start(dropped, JournalRecord::send, JournalRecord::of_dropped_messages)?;
        let _ = FLUSH.set(Box::new({
            let queue = queue.clone();
            move || queue.flush()
        }));
        registry.with(JournalLayer::new(queue).with_filter(filter)).init();
        return Ok(());
    }
    let is_json = flags.format == LogFormat::Json;
    let write = move |line: Vec<u8>| {
        let line = if is_json { line } else { with_short_message_key(line) };
        // A failure to log cannot be logged.
        let _ = io::stderr().write_all(&line);
    };
    let queue = LogQueue::start(dropped, write, move |count| dropped_messages_line(count, is_json))?;
    let _ = FLUSH.set(Box::new({
        let queue = queue.clone();
        move || queue.flush()
    }));
    let writer = move || QueuedLine::new(queue.clone());
    let layer = if is_json {
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(writer).boxed()
    } else {
        tracing_logfmt::builder().with_target(false).layer().with_writer(writer).boxed()
    };
    registry.with(layer.with_filter(filter)).init();
    Ok(())
}

/// Waits until the log is written, at most for a second. The process calls this before it ends.
pub(crate) fn flush() {
    if let Some(flush) = FLUSH.get() {
        flush();
    }
}

/// Renames the key of the message to `msg`, which other exporters use. The message is the first field after the level.
fn with_short_message_key(line: Vec<u8>) -> Vec<u8> {
    const LONG: &[u8] = b" message=";
    let Some(at) = line.windows(LONG.len()).position(|part| part == LONG) else { return line };
    [&line[..at], b" msg=", &line[at + LONG.len()..]].concat()
}

/// The line that reports dropped messages. It bypasses the queue, so it is not written by `tracing`.
fn dropped_messages_line(count: u64, is_json: bool) -> Vec<u8> {
    let (time, message) = (Timestamp::now(), dropped_messages(count));
    let line = if is_json {
        format!("{{\"timestamp\":\"{time}\",\"level\":\"WARN\",\"message\":\"{message}\"}}\n")
    } else {
        format!("ts={time} level=warn message=\"{message}\"\n")
    };
    line.into_bytes()
}

/// The message about dropped messages.
pub(crate) fn dropped_messages(count: u64) -> String {
    format!("dropped {count} log messages because the log was not read")
}

#[cfg(test)]
mod tests {
    use super::{dropped_messages_line, with_short_message_key};

    #[test]
    fn the_message_has_the_key_of_other_exporters() {
        let table = [
            ("ts=1 level=info message=ready\n", "ts=1 level=info msg=ready\n"),
            ("ts=1 level=info message=\"a message=b\" x=y\n", "ts=1 level=info msg=\"a message=b\" x=y\n"),
            ("ts=1 level=info x=y\n", "ts=1 level=info x=y\n"),
        ];
        for (line, expected) in table {
            assert_eq!(String::from_utf8(with_short_message_key(line.into())).unwrap(), expected);
        }
    }

    #[test]
    fn dropped_messages_are_reported_in_the_format_of_the_log() {
        let line = |is_json| String::from_utf8(dropped_messages_line(7, is_json)).unwrap();
        let message = "dropped 7 log messages because the log was not read";
        assert!(line(false).ends_with(&format!(" level=warn message=\"{message}\"\n")), "{}", line(false));
        let json: serde_json::Value = serde_json::from_str(&line(true)).unwrap();
        assert_eq!((json["level"].as_str(), json["message"].as_str()), (Some("WARN"), Some(message)));
    }
}
