//! The exporter's own metrics: requests, refusals, durations, bytes and page viewers.
//!
//! All series exist from the start, with zeros, and no label has an unbounded number of values.

use std::time::Duration;

use hyper::StatusCode;
use jiff::Timestamp;
use mosaic_metrics::{EXPORTER_FAMILIES, Encoder, Exposition, Family, Format, Samples, Selection};
use mosaic_web::{RefusalReason, WebConfigStatus};
use prometheus::core::Collector;
use prometheus::proto::{Metric, MetricType};
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

/// The bounds of the buckets in seconds. None is an integer, which the two text formats would write differently.
const OBSERVATION_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.5, 2.5, 7.5];
const RENDER_BUCKETS: [f64; 10] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.75];

/// The handler of a request: the label of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Metrics,
    Page,
    Events,
    Fleet,
    Favicon,
    Assets,
    Healthy,
    Ready,
    /// A path without a handler.
    NotFound,
}

impl Endpoint {
    /// All endpoints, each with the status codes that it answers with.
    const ALL: [(Self, &[StatusCode]); 9] = [
        (Self::Metrics, &[StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE]),
        (Self::Page, &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]),
        (Self::Events, &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]),
        (Self::Fleet, &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]),
        (Self::Favicon, &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]),
        (Self::Assets, &[StatusCode::OK, StatusCode::NOT_MODIFIED]),
        (Self::Healthy, &[StatusCode::OK]),
        (Self::Ready, &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE]),
        (Self::NotFound, &[StatusCode::NOT_FOUND]),
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Page => "page",
            Self::Events => "events",
            Self::Fleet => "fleet",
            Self::Favicon => "favicon",
            Self::Assets => "assets",
            Self::Healthy => "healthy",
            Self::Ready => "ready",
            Self::NotFound => "not_found",
        }
    }
}

/// The reason of a refusal by the exporter itself. [`RefusalReason`] has those of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitReached {
    /// `--web.max-requests` scrapes are in progress.
    Scrapes,
    /// The maximum number of pages is open.
    PageViewers,
    /// The rendered documents that wait for their readers take too much memory.
    ResponseMemory,
}

impl LimitReached {
    const ALL: [Self; 3] = [Self::Scrapes, Self::PageViewers, Self::ResponseMemory];

    fn as_str(self) -> &'static str {
        match self {
            Self::Scrapes => "scrape_limit",
            Self::PageViewers => "page_viewer_limit",
            Self::ResponseMemory => "response_memory_limit",
        }
    }
}

/// A rendered document: the label of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentLabel {
    Metrics,
    Fleet,
    Page,
}

impl DocumentLabel {
    const ALL: [Self; 3] = [Self::Metrics, Self::Fleet, Self::Page];

    fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Fleet => "fleet",
            Self::Page => "page",
        }
    }
}

/// The instruments and their registry.
#[derive(Debug)]
pub(crate) struct Instruments {
    registry: Registry,
    requests: IntCounterVec,
    observation_duration: Histogram,
    page_viewers: IntGauge,
    refusals: IntCounterVec,
    render_duration: HistogramVec,
    response_bytes: IntCounter,
    dropped_log_messages: IntCounter,
    web_config: WebConfigGauges,
}

/// The state of the web configuration. Without TLS there is no certificate and no series for it.
#[derive(Debug)]
struct WebConfigGauges {
    certificate_expiry: GaugeVec,
    is_valid: IntGauge,
    loaded_at: Gauge,
}

impl Instruments {
    /// Registers all instruments and creates all series.
    ///
    /// # Errors
    /// A name or a label is invalid or not in the table of families, which is a bug.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let requests = family("mosaic_exporter_http_requests_total")?;
        let requests = IntCounterVec::new(opts(requests), requests.labels)?;
        for (endpoint, codes) in Endpoint::ALL {
            for code in codes {
                requests.with_label_values(&[code.as_str(), endpoint.as_str()]);
            }
        }
        let observation_duration = family("mosaic_exporter_observation_duration_seconds")?;
        let observation_duration = Histogram::with_opts(
            HistogramOpts::from(opts(observation_duration)).buckets(OBSERVATION_BUCKETS.to_vec()),
        )?;
        let page_viewers = IntGauge::with_opts(opts(family("mosaic_exporter_page_viewers")?))?;
        let refusals = family("mosaic_exporter_refusals_total")?;
        let refusals = IntCounterVec::new(opts(refusals), refusals.labels)?;
        let reasons = RefusalReason::ALL.map(RefusalReason::as_str);
        for reason in reasons.into_iter().chain(LimitReached::ALL.map(LimitReached::as_str)) {
            refusals.with_label_values(&[reason]);
        }
        let render_duration = family("mosaic_exporter_render_duration_seconds")?;
        let render_duration = HistogramVec::new(
            HistogramOpts::from(opts(render_duration)).buckets(RENDER_BUCKETS.to_vec()),
            render_duration.labels,
        )?;
        for document in DocumentLabel::ALL {
            render_duration.with_label_values(&[document.as_str()]);
        }
        let response_bytes = IntCounter::with_opts(opts(family("mosaic_exporter_response_bytes_total")?))?;
        let certificate_expiry = family("mosaic_exporter_certificate_expiry_timestamp_seconds")?;
        let web_config = WebConfigGauges {
            certificate_expiry: GaugeVec::new(opts(certificate_expiry), certificate_expiry.labels)?,
            is_valid: IntGauge::with_opts(opts(family("mosaic_exporter_web_config_last_reload_successful")?))?,
            loaded_at: Gauge::with_opts(opts(family(
                "mosaic_exporter_web_config_last_reload_success_timestamp_seconds",
            )?))?,
        };
        let dropped_log_messages = IntCounter::with_opts(opts(family("mosaic_exporter_log_messages_dropped_total")?))?;

        let registry = Registry::new();
        let collectors: [Box<dyn Collector>; 10] = [
            Box::new(requests.clone()),
            Box::new(observation_duration.clone()),
            Box::new(page_viewers.clone()),
            Box::new(refusals.clone()),
            Box::new(render_duration.clone()),
            Box::new(response_bytes.clone()),
            Box::new(dropped_log_messages.clone()),
            Box::new(web_config.certificate_expiry.clone()),
            Box::new(web_config.is_valid.clone()),
            Box::new(web_config.loaded_at.clone()),
        ];
        for collector in collectors {
            registry.register(collector)?;
        }
        Ok(Self {
            registry,
            requests,
            observation_duration,
            page_viewers,
            refusals,
            render_duration,
            response_bytes,
            dropped_log_messages,
            web_config,
        })
    }

    /// Counts a request that an endpoint answered.
    pub(crate) fn record_request(&self, endpoint: Endpoint, code: StatusCode) {
        self.requests.with_label_values(&[code.as_str(), endpoint.as_str()]).inc();
    }

    /// Counts a refusal by the server.
    pub(crate) fn record_refusal(&self, reason: RefusalReason) {
        self.refusals.with_label_values(&[reason.as_str()]).inc();
    }

    /// Counts a refusal because of one of the exporter's limits.
    pub(crate) fn record_limit(&self, limit: LimitReached) {
        self.refusals.with_label_values(&[limit.as_str()]).inc();
    }

    pub(crate) fn record_observation(&self, duration: Duration) {
        self.observation_duration.observe(duration.as_secs_f64());
    }

    pub(crate) fn record_rendering(&self, document: DocumentLabel, duration: Duration) {
        self.render_duration.with_label_values(&[document.as_str()]).observe(duration.as_secs_f64());
    }

    /// Sets the state of the web configuration.
    pub(crate) fn record_web_config(&self, status: &WebConfigStatus) {
        let seconds = |at: Timestamp| at.as_duration().as_secs_f64();
        self.web_config.certificate_expiry.reset();
        for expiry in &status.expiries {
            self.web_config.certificate_expiry.with_label_values(&[expiry.of.as_str()]).set(seconds(expiry.at));
        }
        self.web_config.is_valid.set(status.is_valid.into());
        self.web_config.loaded_at.set(seconds(status.loaded_at));
    }

    /// The counter of the bytes of all response bodies.
    pub(crate) fn response_bytes(&self) -> IntCounter {
        self.response_bytes.clone()
    }

    /// The counter of the log messages that were dropped.
    pub(crate) fn dropped_log_messages(&self) -> IntCounter {
        self.dropped_log_messages.clone()
    }

    /// Counts a page viewer until the returned value is dropped.
    pub(crate) fn page_viewer(&self) -> PageViewer {
        self.page_viewers.inc();
        PageViewer(self.page_viewers.clone())
    }

    /// Appends an exposition, followed by the instruments.
    pub(crate) fn write(
        &self,
        exposition: &Exposition<'_>,
        selection: &Selection,
        format: Format,
        out: &mut String,
    ) -> prometheus::Result<()> {
        match format {
            Format::Text => {
                exposition.write(selection, format, out);
                TextEncoder::new().encode_utf8(&self.registry.gather(), out)?;
            }
            // The encoder of the prometheus crate supports the text format only.
            Format::OpenMetrics => exposition.write_with(selection, format, out, |encoder| self.encode(encoder)),
        }
        Ok(())
    }

    fn encode(&self, encoder: &mut Encoder<'_>) {
        for gathered in self.registry.gather() {
            let Ok(family) = family(gathered.name()) else { continue };
            let mut samples = encoder.family(family);
            for metric in gathered.get_metric() {
                match gathered.get_field_type() {
                    MetricType::COUNTER => {
                        write_sample(&mut samples, "", metric, None, metric.get_counter().get_value());
                    }
                    MetricType::GAUGE => write_sample(&mut samples, "", metric, None, metric.get_gauge().get_value()),
                    MetricType::HISTOGRAM => write_histogram(&mut samples, metric),
                    MetricType::SUMMARY | MetricType::UNTYPED => {}
                }
            }
        }
    }
}

/// Counts one page viewer while it exists.
#[derive(Debug)]
pub(crate) struct PageViewer(IntGauge);

impl Drop for PageViewer {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn family(name: &str) -> prometheus::Result<&'static Family> {
    let family = EXPORTER_FAMILIES.iter().find(|family| family.name == name);
    family.ok_or_else(|| prometheus::Error::Msg(format!("the family {name} is not in the table")))
}

fn opts(family: &Family) -> Opts {
    Opts::new(family.name, family.help)
}

fn write_histogram(samples: &mut Samples<'_>, metric: &Metric) {
    let histogram = metric.get_histogram();
    #[expect(clippy::cast_precision_loss, reason = "the text format writes counts as floating point numbers, too")]
    let count = |count: u64| count as f64;
    for bucket in histogram.get_bucket() {
        let bound = bucket.upper_bound().to_string();
        write_sample(samples, "_bucket", metric, Some(&bound), count(bucket.cumulative_count()));
    }
    write_sample(samples, "_bucket", metric, Some("+Inf"), count(histogram.get_sample_count()));
    write_sample(samples, "_sum", metric, None, histogram.get_sample_sum());
    write_sample(samples, "_count", metric, None, count(histogram.get_sample_count()));
}

/// Writes a sample with the labels of a metric and, for a bucket, its upper bound.
fn write_sample(
    samples: &mut Samples<'_>,
    suffix: &'static str,
    metric: &Metric,
    upper_bound: Option<&str>,
    value: f64,
) {
    let mut sample = samples.suffixed_sample(suffix);
    for label in metric.get_label() {
        sample = sample.label(label.name(), label.value());
    }
    if let Some(upper_bound) = upper_bound {
        sample = sample.label("le", upper_bound);
    }
    sample.value(value);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use hyper::StatusCode;
    use mosaic_metrics::{EXPORTER_FAMILIES, Encoder, Format};
    use mosaic_web::{CertificateExpiry, CertificateUse, RefusalReason, WebConfigStatus};
    use prometheus::TextEncoder;

    use super::{DocumentLabel, Endpoint, Instruments, LimitReached, OBSERVATION_BUCKETS, RENDER_BUCKETS};

    fn rendered(instruments: &Instruments, format: Format) -> String {
        let mut out = String::new();
        match format {
            Format::Text => TextEncoder::new().encode_utf8(&instruments.registry.gather(), &mut out).unwrap(),
            Format::OpenMetrics => {
                let mut encoder = Encoder::new(&mut out, format);
                instruments.encode(&mut encoder);
                encoder.finish();
            }
        }
        out
    }

    /// Instruments that have recorded something of everything.
    fn used() -> Instruments {
        let instruments = Instruments::new().unwrap();
        instruments.record_request(Endpoint::Metrics, StatusCode::OK);
        instruments.record_request(Endpoint::Metrics, StatusCode::OK);
        instruments.record_request(Endpoint::NotFound, StatusCode::NOT_FOUND);
        instruments.record_refusal(RefusalReason::ForbiddenHost);
        instruments.record_limit(LimitReached::Scrapes);
        instruments.record_observation(Duration::from_millis(7));
        instruments.record_observation(Duration::from_mins(1));
        instruments.record_rendering(DocumentLabel::Page, Duration::from_micros(1500));
        instruments.response_bytes().inc_by(2048);
        instruments.dropped_log_messages().inc();
        let time = |text: &str| text.parse().unwrap();
        instruments.record_web_config(&WebConfigStatus {
            is_valid: true,
            loaded_at: time("2026-11-20T14:58:08.25Z"),
            expiries: vec![CertificateExpiry { of: CertificateUse::Server, at: time("2027-01-01T00:00:00Z") }],
        });
        std::mem::forget(instruments.page_viewer());
        drop(instruments.page_viewer());
        instruments
    }

    /// Compares with a golden file, which `UPDATE=1 cargo test -p mosaic-exporter golden` rewrites.
    fn assert_golden(name: &str, format: Format) {
        let path = format!("{}/src/instruments/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = rendered(&used(), format);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == text, "{name} differs: run this test with UPDATE=1 and review the change");
    }

    #[test]
    fn the_text_format_matches_the_golden_file() {
        assert_golden("golden.prom", Format::Text);
    }

    #[test]
    fn openmetrics_matches_the_golden_file() {
        assert_golden("golden.openmetrics.txt", Format::OpenMetrics);
    }

    #[test]
    fn both_formats_have_the_same_samples() {
        let samples = |format| -> BTreeSet<String> {
            let text = rendered(&used(), format);
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        assert_eq!(samples(Format::Text), samples(Format::OpenMetrics));
        let bounds = OBSERVATION_BUCKETS.iter().chain(&RENDER_BUCKETS);
        assert!(bounds.into_iter().all(|bound| bound.fract() != 0.0), "the formats write integers differently");
    }

    #[test]
    fn every_series_exists_from_the_start() {
        let series = |instruments: &Instruments| -> BTreeSet<String> {
            let text = rendered(instruments, Format::Text);
            let samples = text.lines().filter(|line| !line.starts_with('#'));
            samples.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
        };
        let unused = Instruments::new().unwrap();
        let only_with_tls = "mosaic_exporter_certificate_expiry_timestamp_seconds";
        let mut used = series(&used());
        used.retain(|series| !series.starts_with(only_with_tls));
        assert_eq!(series(&unused), used);
        for family in EXPORTER_FAMILIES.iter().filter(|family| family.name != only_with_tls) {
            assert!(series(&unused).iter().any(|series| series.starts_with(family.name)), "{}", family.name);
        }
    }
}
