//! The log: its flags, and its output.

use std::io;

use clap::{Args, ValueEnum};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

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

/// Starts the log. Without a journal, its messages go to standard error.
pub(crate) fn init(flags: LogFlags) {
    let filter = LevelFilter::from_level(Level::from(flags.level));
    let logfmt = || tracing_logfmt::builder().with_target(false).layer().with_writer(io::stderr).boxed();
    let layer = match flags.format {
        LogFormat::Logfmt => logfmt(),
        LogFormat::Json => tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(io::stderr).boxed(),
        LogFormat::Journald => match tracing_journald::layer() {
            // Without a prefix, a field can be queried as `journalctl --user ADDRESS=…`.
            Ok(journal) => journal.with_field_prefix(None).boxed(),
            Err(_) => logfmt(),
        },
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).init();
}
