//! `mosaic fleet metrics`: prints the metrics of the exporter once, without an exporter.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, ValueHint};
use mosaic_delivery::spool::MessageCounter;
use mosaic_exit_code::ExitCode;
use mosaic_metrics::{Build, ConstantLabels, Exposition, Format, InvalidLabel, Selection};
use mosaic_probe::{Depth, Scope};
use mosaic_provision::replace_file;

use crate::context::Context;
use crate::error::CommandError;
use crate::view::print;

/// Print the metrics of the exporter once
///
/// If a source cannot be read, its series are missing and the success of its collector is 0.
#[derive(Args, Clone, Debug)]
#[allow(clippy::doc_markdown, reason = "a terminal shows backticks")]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Metrics {
    /// Write the metrics to FILE, for the textfile collector of node_exporter
    ///
    /// The file is replaced atomically, and every user can read it. If one node_exporter serves the files of several
    /// fleets, give each fleet a --label, because node_exporter drops the second of two equal series.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = PathBufValueParser::new().try_map(textfile))]
    textfile: Option<PathBuf>,

    /// Add this label to every sample; repeatable
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = label)]
    labels: Vec<String>,

    /// Use the OpenMetrics 1.0.0 format instead of the Prometheus text format
    #[arg(long, conflicts_with = "textfile")]
    openmetrics: bool,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet metrics | grep '^mosaic_agent_condition.* 1$'
  mosaic fleet metrics --textfile /var/lib/prometheus/node-exporter/mosaic.prom
  mosaic fleet metrics --label fleet=alice --textfile /var/lib/prometheus/node-exporter/mosaic-alice.prom

Units that write the file every minute:
  # ~/.config/systemd/user/mosaic-fleet-metrics.service
  [Service]
  Type=oneshot
  ExecStart=%h/.config/mosaic/tools/fleet/mosaic fleet metrics --textfile /var/lib/prometheus/node-exporter/mosaic.prom
  # ~/.config/systemd/user/mosaic-fleet-metrics.timer
  [Timer]
  OnCalendar=minutely
  AccuracySec=1s
  [Install]
  WantedBy=timers.target
  # Enable the timer: systemctl --user enable --now mosaic-fleet-metrics.timer

Exit codes:
  0   the metrics were printed or written, in any state of the fleet
  74  the file cannot be written
  77  permission to write the file was denied";

/// The version of this build. The build environment sets the revision.
const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: match option_env!("MOSAIC_FLEET_REVISION") {
        Some(revision) => revision,
        None => "unknown",
    },
};

/// Readable for the user of `node_exporter`.
const MODE: u32 = 0o644;

impl Metrics {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let labels = ConstantLabels::parse(&self.labels).map_err(|error| CommandError::Usage(error.to_string()))?;
        let observation = context.observe(Depth::Verify)?;
        let verified = Some(observation.verify(&Scope::default()).passed);
        let snapshot = &observation.snapshot;
        let agents = snapshot.managed().map(|agent| agent.name.as_str());
        let messages = MessageCounter::new(&context.fleet.location.home).count_all(agents);
        let exposition = Exposition { snapshot, verified, messages: &messages, build: BUILD, process: None };
        let format = if self.openmetrics { Format::OpenMetrics } else { Format::Text };
        let mut text = String::new();
        exposition.write_labeled(&labels, &Selection::ALL, format, &mut text);
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

/// Checks one label. Whether a name is given twice is checked later.
fn label(text: &str) -> Result<String, InvalidLabel> {
    ConstantLabels::parse(&[text]).map(|_| text.to_owned())
}

/// Checks that `node_exporter` reads a file of this name.
fn textfile(path: PathBuf) -> Result<PathBuf, &'static str> {
    match path.extension() {
        Some(extension) if extension == "prom" => Ok(path),
        _ => Err("the name must end in .prom, because node_exporter ignores other files"),
    }
}

#[cfg(test)]
mod tests {
    use super::textfile;

    #[test]
    fn a_file_that_node_exporter_ignores_is_refused() {
        for read in ["mosaic.prom", "/var/lib/prometheus/node-exporter/a.b.prom"] {
            assert_eq!(textfile(read.into()), Ok(read.into()));
        }
        for ignored in ["mosaic.txt", "mosaic", "prom", "mosaic.prom.tmp", "mosaic.PROM"] {
            assert!(textfile(ignored.into()).is_err(), "{ignored}");
        }
    }
}
