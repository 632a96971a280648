//! The log, in the form that was asked for.

use std::io;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::flags::{LogFlags, LogFormat};

/// Begins to log. Where there is no journal, what would go there goes to standard error.
pub(crate) fn begin(flags: LogFlags) {
    let filter = LevelFilter::from_level(Level::from(flags.level));
    let logfmt = || tracing_logfmt::builder().with_target(false).layer().with_writer(io::stderr).boxed();
    let layer = match flags.format {
        LogFormat::Logfmt => logfmt(),
        LogFormat::Json => tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(io::stderr).boxed(),
        LogFormat::Journald => match tracing_journald::layer() {
            // Fields as they are, without a prefix: `journalctl --user ADDRESS=…`.
            Ok(journal) => journal.with_field_prefix(None).boxed(),
            Err(_) => logfmt(),
        },
    };
    tracing_subscriber::registry().with(layer.with_filter(filter)).init();
}
