//! The text formats, and the negotiation of the format with a scraper.

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Version 0.0.4 of Prometheus' text format, which every scraper reads.
    Text,
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
}

impl Format {
    /// Chooses the format for the value of an `Accept` field.
    ///
    /// A scraper that accepts neither format gets [`Format::Text`], as in Prometheus' own libraries.
    #[must_use]
    pub fn negotiate(accept: Option<&str>) -> Self {
        let mut best: Option<MediaRange> = None;
        for range in accept.unwrap_or_default().split(',').filter_map(MediaRange::parse) {
            // The first of two equally preferred ranges wins.
            if best.is_none_or(|best| range.rank() > best.rank()) {
                best = Some(range);
            }
        }
        best.map_or(Self::Text, |range| range.format)
    }

    /// The value of the `Content-Type` field.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// An entry of the `Accept` field that one of the formats satisfies.
#[derive(Clone, Copy, Debug)]
struct MediaRange {
    format: Format,
    /// The quality in thousandths.
    quality: u16,
    /// Whether the entry names the format instead of a wildcard.
    exact: bool,
}

impl MediaRange {
    /// The preference: an exact entry ranks before a wildcard of the same quality.
    fn rank(self) -> (u16, bool) {
        (self.quality, self.exact)
    }

    fn parse(entry: &str) -> Option<Self> {
        let mut parts = entry.split(';').map(str::trim);
        let media = parts.next()?.to_ascii_lowercase();
        let (format, exact, version) = match media.as_str() {
            "application/openmetrics-text" => (Format::OpenMetrics, true, "1.0.0"),
            "text/plain" => (Format::Text, true, "0.0.4"),
            "text/*" | "*/*" => (Format::Text, false, ""),
            "application/*" => (Format::OpenMetrics, false, ""),
            _ => return None,
        };
        let mut quality = 1000;
        for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => quality = thousandths(value)?,
                "version" if value != version => return None,
                _ => {}
            }
        }
        (quality > 0).then_some(Self { format, quality, exact })
    }
}

/// Parses a quality such as `0.75`, with up to three decimals, into thousandths; `None` for anything else.
fn thousandths(quality: &str) -> Option<u16> {
    let (whole, decimals) = quality.split_once('.').unwrap_or((quality, ""));
    let is_valid = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let decimals: u16 = if is_valid { format!("{decimals:0<3}").parse().ok()? } else { return None };
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Text};

    #[test]
    fn the_preferred_format_is_chosen() {
        let prometheus_2_42 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
             version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
             text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        let with_protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.6,text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4";
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        let table = [
            (prometheus_2_42, OpenMetrics),
            ("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OpenMetrics),
            (prometheus_3, OpenMetrics),
            (with_protobuf, Text),
            (browser, Text),
            ("*/*", Text),
            ("", Text),
            ("text/plain", Text),
            ("application/json", Text),
            ("application/openmetrics-text", OpenMetrics),
            ("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", OpenMetrics),
            ("APPLICATION/OpenMetrics-Text ; Version=1.0.0 ; Q=1.000", OpenMetrics),
            ("*/*, application/openmetrics-text", OpenMetrics),
            ("application/openmetrics-text, text/plain", OpenMetrics),
            ("text/plain, application/openmetrics-text", Text),
            ("application/openmetrics-text;q=0.4, text/plain;q=0.5", Text),
            ("application/openmetrics-text;q=0.123, text/plain;q=0.12", OpenMetrics),
            ("application/openmetrics-text;q=0.2, text/plain;q=0.15", OpenMetrics),
            ("application/openmetrics-text;Q=0.1, text/plain;q=0.15", Text),
            // Unknown versions, a quality of zero, and malformed entries.
            ("application/openmetrics-text;version=0.0.1", Text),
            ("application/openmetrics-text;version=2.0.0, */*;q=0.1", Text),
            ("application/openmetrics-text;q=0", Text),
            ("application/openmetrics-text;q=2, text/plain;q=0.1", Text),
            ("application/openmetrics-text;q=much, text/plain;q=0.1", Text),
            (";;,,=,;q", Text),
        ];
        for (accept, expected) in table {
            assert_eq!(Format::negotiate(Some(accept)), expected, "{accept}");
        }
        assert_eq!(Format::negotiate(None), Text);
    }
}
