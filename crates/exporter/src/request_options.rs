//! What a request asks for besides its path: compression, a time limit, and query parameters.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::ACCEPT_ENCODING;
use percent_encoding::percent_decode_str;

/// Whether a request accepts gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().any(|value| value.to_str().is_ok_and(allows_gzip))
}

/// Whether an `Accept-Encoding` field allows gzip (RFC 9110, section 12.5.3).
fn allows_gzip(header: &str) -> bool {
    let quality = |name: &str| {
        header.split(',').find_map(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_named = parts.next()?.eq_ignore_ascii_case(name);
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            is_named.then(|| quality.unwrap_or(1.0))
        })
    };
    quality("gzip").or_else(|| quality("*")).is_some_and(|quality| quality > 0.0)
}

/// The time after which Prometheus gives up a scrape.
const SCRAPE_TIMEOUT: &str = "X-Prometheus-Scrape-Timeout-Seconds";
/// The timeout of a client that sends none: Prometheus' own default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest timeout. No observation takes that long, and a deadline beyond the range of the clock would panic.
const MAX_TIMEOUT: Duration = Duration::from_mins(10);
/// The time for the transfer of the response.
const TRANSFER_TIME: Duration = Duration::from_millis(250);

/// How long the response to a request may take. An invalid timeout is ignored.
pub(crate) fn time_limit(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(SCRAPE_TIMEOUT).and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok());
    let timeout = seconds.filter(|seconds| *seconds > 0.0);
    let timeout = timeout.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT).min(MAX_TIMEOUT);
    // The transfer takes a fifth of a very short timeout.
    timeout.saturating_sub(TRANSFER_TIME.min(timeout / 5))
}

/// The values of a query parameter, in order. A `+` is a space, as in forms.
pub(crate) fn query_values(query: Option<&str>, name: &str) -> Vec<String> {
    let pairs = query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| decode(key) == name).map(|(_, value)| decode(value)).collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{SCRAPE_TIMEOUT, allows_gzip, query_values, time_limit};
    use hyper::HeaderMap;

    #[test]
    fn gzip_is_negotiated() {
        for yes in ["gzip", "deflate, gzip;q=0.5", "GZIP", "*", "br;q=1.0, *;q=0.1"] {
            assert!(allows_gzip(yes), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "gzip; q=0.0, *", "x-gzipped", "deflate"] {
            assert!(!allows_gzip(no), "{no}");
        }
    }

    #[test]
    fn the_time_limit_is_shorter_than_the_timeout_of_the_scrape() {
        let table = [
            (Some("10"), 9_750),
            (Some("15.0"), 14_750),
            (Some("0.5"), 400),
            (Some("0"), 9_750),
            (Some("-3"), 9_750),
            (Some("NaN"), 9_750),
            (Some("inf"), 9_750),
            (Some("soon"), 9_750),
            // 1e19 seconds fit into a Duration, 1e20 seconds do not.
            (Some("1e19"), 599_750),
            (Some("1e20"), 9_750),
            (None, 9_750),
        ];
        for (timeout, expected) in table {
            let headers: HeaderMap = timeout
                .into_iter()
                .map(|timeout| (SCRAPE_TIMEOUT.parse().unwrap(), timeout.parse().unwrap()))
                .collect();
            assert_eq!(time_limit(&headers).as_millis(), expected, "{timeout:?}");
        }
    }

    #[test]
    fn query_parameters_are_repeatable_and_decoded() {
        let query = Some("collect[]=tmux&x=1&collect%5B%5D=pro%63ess&collect[]");
        assert_eq!(query_values(query, "collect[]"), ["tmux", "process", ""]);
        assert_eq!(query_values(None, "collect[]"), [""; 0]);
    }
}
