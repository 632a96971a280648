//! What is logged, and in which form.

use clap::{Args, ValueEnum};

/// The flags of the log. The last one counts: the unit gives some, and a site may say otherwise.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "The log")]
pub(crate) struct LogFlags {
    /// The least that is logged
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info", overrides_with = "level")]
    pub(crate) level: LogLevel,

    /// Its form: on standard error, or straight into the journal
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt", overrides_with = "format")]
    pub(crate) format: LogFormat,
}

/// The levels, by the names that exporters have for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Every connection.
    Debug,
    /// What begins and ends.
    Info,
    /// What somebody should see to.
    Warn,
    /// What failed.
    Error,
}

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// `key=value` pairs, a line a record.
    Logfmt,
    /// An object a line.
    Json,
    /// Records of the journal, with fields.
    Journald,
}

impl From<LogLevel> for tracing::Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Info => Self::INFO,
            LogLevel::Warn => Self::WARN,
            LogLevel::Error => Self::ERROR,
        }
    }
}
