//! The command line, with flags as other exporters have them.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, ValueHint};
use mosaic_web::ListenAddress;

use crate::collector_flags::CollectorFlags;
use crate::logging::LogFlags;

/// Serve the fleet of this user on this host to Prometheus, and as a page to a browser.
///
/// The exporter observes the fleet on request, and shares an observation between all requests of the same second.
#[derive(Clone, Debug, Parser)]
#[command(name = "mosaic-fleet-exporter", version, after_help = AFTER_HELP)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(crate) paths: PathFlags,

    #[command(flatten)]
    pub(crate) web: WebFlags,

    #[command(flatten)]
    pub(crate) collectors: CollectorFlags,

    #[command(flatten)]
    pub(crate) log: LogFlags,
}

/// The location of the fleet.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Fleet")]
pub(crate) struct PathFlags {
    /// Use this roster [default: fleet/roster.yaml in the fleet's home]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) roster: Option<PathBuf>,

    // A doc comment would need backticks, which a terminal shows.
    #[arg(help = "Use the fleet in this directory [default: $MOSAIC_HOME, else ~/.config/mosaic]")]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) mosaic_home: Option<PathBuf>,
}

/// The HTTP server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server")]
pub(crate) struct WebFlags {
    // A doc comment would need backticks, which a terminal shows.
    #[arg(help = "Listen on this address: HOST:PORT, :PORT for all addresses, or unix:/PATH; repeatable")]
    #[arg(long = "web.listen-address", value_name = "ADDRESS", default_value = DEFAULT_ADDRESS)]
    pub(crate) listen: Vec<ListenAddress>,

    /// Use the sockets that systemd passes instead of listening on an address
    #[arg(long = "web.systemd-socket", conflicts_with = "listen")]
    pub(crate) systemd_socket: bool,

    /// Read TLS, client certificates and users from a file in the format of Prometheus' exporter-toolkit
    #[arg(long = "web.config.file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,

    /// Serve the metrics at this path
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics")]
    pub(crate) telemetry_path: TelemetryPath,

    /// Answer at most this number of scrapes at the same time; 0 means no limit
    #[arg(long = "web.max-requests", value_name = "NUMBER", default_value = "40", value_parser = whole_number)]
    pub(crate) max_requests: usize,

    /// Answer requests for this host name too; repeatable
    ///
    /// Requests for other names are refused, because a foreign web page can point its own name at this host (DNS
    /// rebinding). IP addresses, localhost and the host's own name are always accepted.
    #[arg(long = "web.allowed-host", value_name = "NAME")]
    pub(crate) allowed_hosts: Vec<String>,
}

fn whole_number(text: &str) -> Result<usize, &'static str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number that no counter holds is no limit in practice.
    if is_number { Ok(text.parse().unwrap_or(usize::MAX)) } else { Err("expected a whole number such as 40, or 0") }
}

/// The port is outside 9100 to 9999, all of which Prometheus' list of exporters has allocated.
const DEFAULT_ADDRESS: &str = "127.0.0.1:27871";

const AFTER_HELP: &str = "\
Examples:
  mosaic-fleet-exporter
  mosaic-fleet-exporter --web.listen-address=:27871 --web.config.file=web.yml
  curl http://127.0.0.1:27871/metrics
  curl 'http://127.0.0.1:27871/metrics?exclude[]=process'

SIGTERM stops the exporter after it has answered all requests, and a second SIGTERM stops it at once.
SIGHUP reloads the files of --web.config.file.

Exit codes:
  0   the exporter was stopped by a signal
  64  the command line is wrong
  69  systemd passed no usable socket
  70  a bug
  74  a file or directory cannot be read or written
  75  another program uses the address
  77  permission denied
  78  a setting is invalid, or this host does not have the address";

/// The path of the metrics, which no other route uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TelemetryPath(String);

/// A text that cannot be the path of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidTelemetryPath {
    /// The text is not a path, or has characters that a request would have to encode.
    #[error("expected a path such as /metrics, without a space, '?', '#' or '%'")]
    NotAPath,
    /// Another route has the path.
    #[error("the exporter serves something else there: choose another path, such as /metrics")]
    Taken,
}

impl TelemetryPath {
    /// The paths of other routes.
    const TAKEN: [&str; 5] = ["/", "/events", "/favicon.svg", "/favicon.ico", "/api/v1/fleet"];
    /// The prefixes of other routes.
    const TAKEN_PREFIXES: [&str; 2] = ["/-/", "/assets/"];

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TelemetryPath {
    type Err = InvalidTelemetryPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_literal = |c: char| c.is_ascii_graphic() && !"?#%".contains(c);
        if !text.starts_with('/') || !text.chars().all(is_literal) {
            return Err(InvalidTelemetryPath::NotAPath);
        }
        if Self::TAKEN.contains(&text) || Self::TAKEN_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            return Err(InvalidTelemetryPath::Taken);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, InvalidTelemetryPath as Invalid, TelemetryPath};
    use crate::logging::LogFormat;
    use clap::Parser;

    fn parse(words: &[&str]) -> Result<Flags, clap::Error> {
        Flags::try_parse_from(["mosaic-fleet-exporter"].iter().chain(words))
    }

    #[test]
    fn by_default_the_exporter_listens_on_the_loopback_address() {
        let flags = parse(&[]).unwrap();
        let listen: Vec<String> = flags.web.listen.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["127.0.0.1:27871"]);
        assert_eq!(flags.web.max_requests, 40);
    }

    #[test]
    fn addresses_are_repeatable_and_replace_the_default() {
        let flags = parse(&["--web.listen-address=:1", "--web.listen-address", "unix:/run/x"]).unwrap();
        assert_eq!(flags.web.listen.len(), 2);
        assert!(parse(&["--web.systemd-socket"]).unwrap().web.systemd_socket);
    }

    #[test]
    fn the_last_log_format_applies() {
        let flags = parse(&["--log.format=journald", "--log.format=json"]).unwrap();
        assert_eq!(flags.log.format, LogFormat::Json);
    }

    #[test]
    fn invalid_flags_are_refused_by_name() {
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

    #[test]
    fn a_number_is_whole_and_an_error_says_what_is_expected() {
        let max_requests =
            |text: &str| parse(&[&format!("--web.max-requests={text}")]).map(|flags| flags.web.max_requests);
        for (text, expected) in [("0", 0), ("7", 7), ("99999999999999999999999", usize::MAX)] {
            assert_eq!(max_requests(text).unwrap(), expected);
        }
        for text in ["x", "", "-1", "1.5", "+1", "1e3", " 1"] {
            let error = max_requests(text).unwrap_err().to_string();
            assert!(error.contains("expected a whole number such as 40, or 0"), "{text}: {error}");
        }
    }

    #[test]
    fn the_telemetry_path_is_a_path_without_another_route() {
        let table = [
            ("/metrics", None),
            ("/fleet/metrics", None),
            ("metrics", Some(Invalid::NotAPath)),
            ("", Some(Invalid::NotAPath)),
            ("/a b", Some(Invalid::NotAPath)),
            ("/a?b", Some(Invalid::NotAPath)),
            ("/", Some(Invalid::Taken)),
            ("/-/ready", Some(Invalid::Taken)),
            ("/assets/page.js", Some(Invalid::Taken)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<TelemetryPath>().err(), expected, "{text}");
        }
    }
}
