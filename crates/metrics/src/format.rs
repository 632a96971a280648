//! The text formats, and which of them a scraper wants.

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4, which everybody reads.
    Text,
    /// `OpenMetrics` 1.0.0.
    OpenMetrics,
}

impl Format {
    /// What the header `Accept` asks for. Who asks for nothing that there is gets [`Format::Text`], as Prometheus'
    /// own libraries do it: an answer that is not read is no worse than none.
    #[must_use]
    pub fn negotiate(accept: Option<&str>) -> Self {
        let mut best: Option<Range> = None;
        for range in accept.unwrap_or_default().split(',').filter_map(Range::read) {
            // Of two that are wanted alike the first counts.
            if best.is_none_or(|best| range.rank() > best.rank()) {
                best = Some(range);
            }
        }
        best.map_or(Self::Text, |range| range.format)
    }

    /// The value of the header `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// An entry of the header that one of the formats satisfies.
#[derive(Clone, Copy, Debug)]
struct Range {
    format: Format,
    /// In thousandths.
    quality: u16,
    /// It names the format, not just a kind of formats.
    exact: bool,
}

impl Range {
    /// How much it is wanted; what is named goes before what is merely taken.
    fn rank(self) -> (u16, bool) {
        (self.quality, self.exact)
    }

    fn read(entry: &str) -> Option<Self> {
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

/// `0.75` → 750: up to three digits after the point; nothing for anything else.
fn thousandths(quality: &str) -> Option<u16> {
    let (whole, part) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let part: u16 = if digits { format!("{part:0<3}").parse().ok()? } else { return None };
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Text};

    #[test]
    fn a_scraper_gets_what_it_asks_for() {
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
            // What there is not, or is not wanted, or makes no sense.
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
