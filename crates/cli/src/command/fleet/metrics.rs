//! `mosaic fleet metrics`: the fleet as Prometheus reads it, without an exporter.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, ValueHint};
use mosaic_domain::ExitCode;
use mosaic_metrics::{Build, Exposition, Format, Selection};
use mosaic_probe::{Depth, Scope};
use mosaic_provision::replace_file;

use crate::context::Context;
use crate::error::CommandError;
use crate::view::print;

/// Print what the exporter would tell Prometheus: once, from one look
///
/// A source that cannot be read costs its own series, and is told as no success of its collector.
#[derive(Args, Clone, Debug)]
#[allow(clippy::doc_markdown, reason = "a terminal would show the backticks")]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Metrics {
    /// Write it to FILE, for node_exporter's textfile collector, and print nothing
    ///
    /// The file is replaced as a whole, readable by everybody; where it cannot be written, it stays as it was. A
    /// node_exporter can have the file of one fleet only: two would have series of the same names.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = PathBufValueParser::new().try_map(textfile))]
    textfile: Option<PathBuf>,

    /// In the format of OpenMetrics 1.0.0 instead of Prometheus' own
    #[arg(long, conflicts_with = "textfile")]
    openmetrics: bool,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet metrics | grep '^mosaic_agent_condition.* 1$'
  mosaic fleet metrics --textfile /var/lib/prometheus/node-exporter/mosaic.prom

Every minute: ~/.config/systemd/user/mosaic-fleet-metrics.service with these lines,
  [Service]
  Type=oneshot
  ExecStart=%h/.config/mosaic/tools/fleet/mosaic fleet metrics --textfile /var/lib/prometheus/node-exporter/mosaic.prom
beside it mosaic-fleet-metrics.timer with these, and 'systemctl --user enable --now mosaic-fleet-metrics.timer'
  [Timer]
  OnCalendar=minutely
  AccuracySec=1s
  [Install]
  WantedBy=timers.target

Exit codes:
  0   printed or written, whatever was seen
  74  it cannot be written
  77  it may not be written there";

/// The build that this is; the revision is told by whoever builds it.
const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: match option_env!("MOSAIC_FLEET_REVISION") {
        Some(revision) => revision,
        None => "unknown",
    },
};

/// Also for the user that `node_exporter` runs as.
const MODE: u32 = 0o644;

impl Metrics {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let look = context.look_to(Depth::Verify)?;
        let verified = Some(look.verify(&Scope::default()).passed);
        let exposition = Exposition { snapshot: &look.snapshot, verified, build: BUILD, process: None };
        let format = if self.openmetrics { Format::OpenMetrics } else { Format::Text };
        let mut text = String::new();
        exposition.write(&Selection::ALL, format, &mut text);
        match &self.textfile {
            None => print(&text)?,
            Some(path) => {
                let path = std::path::absolute(path).map_err(|source| CommandError::io("find", path, source))?;
                replace_file(&path, text.as_bytes(), MODE)?;
            }
        }
        Ok(ExitCode::Ok)
    }
}

/// A file that `node_exporter` will read.
fn textfile(path: PathBuf) -> Result<PathBuf, &'static str> {
    match path.extension() {
        Some(extension) if extension == "prom" => Ok(path),
        _ => Err("its name has to end in .prom, because node_exporter reads no others"),
    }
}

#[cfg(test)]
mod tests {
    use super::textfile;

    #[test]
    fn a_file_that_nobody_would_read_is_refused() {
        for read in ["mosaic.prom", "/var/lib/prometheus/node-exporter/a.b.prom"] {
            assert_eq!(textfile(read.into()), Ok(read.into()));
        }
        for ignored in ["mosaic.txt", "mosaic", "prom", "mosaic.prom.tmp", "mosaic.PROM"] {
            assert!(textfile(ignored.into()).is_err(), "{ignored}");
        }
    }
}
