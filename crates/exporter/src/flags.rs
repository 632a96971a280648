//! The command line: flags as exporters have them.

mod collector_flags;
mod log_flags;
mod telemetry_path;

use std::path::PathBuf;

use clap::{Args, Parser, ValueHint};
use mosaic_web::ListenAddress;

pub(crate) use collector_flags::CollectorFlags;
pub(crate) use log_flags::{LogFlags, LogFormat};
pub(crate) use telemetry_path::TelemetryPath;

/// Serve the fleet of this user on this host to Prometheus, and as a page to a browser.
///
/// The fleet is looked at when somebody asks, and then for all who ask within the same second.
#[derive(Clone, Debug, Parser)]
#[command(name = "mosaic-fleet-exporter", version, after_help = AFTER_HELP)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(crate) places: PlaceFlags,

    #[command(flatten)]
    pub(crate) web: WebFlags,

    #[command(flatten)]
    pub(crate) collectors: CollectorFlags,

    #[command(flatten)]
    pub(crate) log: LogFlags,
}

/// Where the fleet is.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "The fleet")]
pub(crate) struct PlaceFlags {
    /// The roster [default: fleet/roster.yaml in the fleet's home]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) roster: Option<PathBuf>,

    // Not as a doc comment: that would want backticks, which a terminal shows.
    #[arg(help = "The fleet's home [default: $MOSAIC_HOME, else ~/.config/mosaic]")]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) mosaic_home: Option<PathBuf>,
}

/// Who is answered, where and how.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "The server")]
pub(crate) struct WebFlags {
    // Not as a doc comment: a path would want backticks, which a terminal shows.
    #[arg(help = "Listen here: HOST:PORT, :PORT for all addresses, or unix:/PATH; may be given again")]
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = DEFAULT_ADDRESS)]
    pub(crate) listen: Vec<ListenAddress>,

    /// Take the sockets that systemd hands over, instead of listening
    #[arg(long = "web.systemd-socket", conflicts_with = "listen")]
    pub(crate) systemd_socket: bool,

    /// TLS, client certificates and users, in the format of Prometheus' exporter-toolkit
    #[arg(long = "web.config.file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Where the metrics are
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics")]
    pub(crate) telemetry_path: TelemetryPath,

    /// Scrapes that may go on at once; 0 for any number
    #[arg(long = "web.max-requests", value_name = "NUMBER", default_value_t = 40)]
    pub(crate) max_requests: usize,

    /// A name by which this host is called too; may be given again
    ///
    /// Requests for other names are refused, because a page of somebody else's can have its own name lead
    /// here. IP addresses, localhost and the host's own name are always fine.
    #[arg(long = "web.allowed-host", value_name = "NAME")]
    pub(crate) allowed_hosts: Vec<String>,
}

/// On no list of ports that exporters share out among themselves (9100 to 9999 are all taken).
const DEFAULT_ADDRESS: &str = "127.0.0.1:27871";

const AFTER_HELP: &str = "\
Examples:
  mosaic-fleet-exporter
  mosaic-fleet-exporter --web.listen-address=:27871 --web.config.file=web.yml
  curl http://127.0.0.1:27871/metrics
  curl 'http://127.0.0.1:27871/metrics?exclude[]=process'

SIGTERM ends it when all requests are answered, SIGHUP reads the files of --web.config.file again.

Exit codes:
  0   it was told to end
  64  wrong usage
  69  systemd handed over no socket
  70  a bug
  74  a file or directory cannot be read or written
  75  it cannot listen: another program has the address
  77  permission denied
  78  a setting, or a file that is named, has a value that cannot be used; an address is not this host's";

#[cfg(test)]
mod tests {
    use super::Flags;
    use clap::Parser;

    fn parse(words: &[&str]) -> Result<Flags, clap::Error> {
        Flags::try_parse_from(["mosaic-fleet-exporter"].iter().chain(words))
    }

    #[test]
    fn without_a_flag_it_listens_for_this_host_alone() {
        let flags = parse(&[]).unwrap();
        let listen: Vec<String> = flags.web.listen.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["127.0.0.1:27871"]);
        assert_eq!(flags.web.max_requests, 40);
    }

    #[test]
    fn addresses_can_be_given_again_and_take_the_place_of_the_usual_one() {
        let flags = parse(&["--web.listen-address=:1", "--web.listen-address", "unix:/run/x"]).unwrap();
        assert_eq!(flags.web.listen.len(), 2);
        assert!(parse(&["--web.systemd-socket"]).unwrap().web.systemd_socket);
    }

    #[test]
    fn a_site_may_say_otherwise_than_the_unit() {
        let flags = parse(&["--log.format=journald", "--log.format=json"]).unwrap();
        assert_eq!(flags.log.format, super::LogFormat::Json);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_the_flags_name() {
        for words in [
            &["--web.listen-address=nonsense"][..],
            &["--web.telemetry-path=metrics"],
            &["--web.telemetry-path=/-/ready"],
            &["--web.max-requests=-1"],
            &["--log.format=xml"],
            &["--collector.weather"],
            &["--web.systemd-socket", "--web.listen-address=:1"],
        ] {
            let error = parse(words).unwrap_err().to_string();
            let flag = words[0].split('=').next().unwrap();
            assert!(error.contains(flag), "{words:?}: {error}");
        }
    }
}
