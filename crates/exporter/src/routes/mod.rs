//! The routes of the exporter. A request has passed all checks of `web` before it arrives here: it is a GET or a HEAD
//! for this host, from an authorized client.

mod document_cache;
mod events;
mod scrape;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, RETRY_AFTER, VARY,
};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use mosaic_page::Asset;
use mosaic_web::{Body, Handler, RefusalReason, Reloader};
use prometheus::IntCounter;
use tokio::sync::Semaphore;

use crate::collector_flags::CollectorFlags;
use crate::flags::TelemetryPath;
use crate::instruments::{Endpoint, Instruments};
use crate::observations::Observations;
use crate::request_options::time_limit;
use document_cache::{Document, DocumentCache, DocumentKind};

/// The state that the routes share.
#[derive(Debug)]
pub(crate) struct Routes {
    telemetry_path: TelemetryPath,
    collectors: CollectorFlags,
    observations: Arc<Observations>,
    instruments: Arc<Instruments>,
    web_config: Reloader,
    documents: DocumentCache,
    /// The permits for scrapes in progress.
    scrapes: Arc<Semaphore>,
    /// The permits for pages that receive live updates.
    viewers: Arc<Semaphore>,
}

impl Routes {
    /// The number of pages that receive live updates. Each costs a comparison per second.
    const MAX_VIEWERS: usize = 32;

    /// Creates the routes. At most `max_scrapes` scrapes are answered at the same time; 0 means no limit.
    pub(crate) fn new(
        observations: Arc<Observations>,
        instruments: Arc<Instruments>,
        web_config: Reloader,
        telemetry_path: TelemetryPath,
        collectors: CollectorFlags,
        max_scrapes: usize,
    ) -> Self {
        let scrapes = if max_scrapes == 0 { Semaphore::MAX_PERMITS } else { max_scrapes.min(Semaphore::MAX_PERMITS) };
        Self {
            telemetry_path,
            collectors,
            observations,
            documents: DocumentCache::new(Arc::clone(&instruments)),
            instruments,
            web_config,
            scrapes: Arc::new(Semaphore::new(scrapes)),
            viewers: Arc::new(Semaphore::new(Self::MAX_VIEWERS)),
        }
    }

    async fn route(&self, request: &Parts) -> (Endpoint, Response<Body>) {
        match request.uri.path() {
            path if path == self.telemetry_path.as_str() => (Endpoint::Metrics, scrape::serve(self, request).await),
            "/" => (Endpoint::Page, page(self, request).await),
            "/events" => (Endpoint::Events, events::serve(self)),
            "/api/v1/fleet" => (Endpoint::Fleet, fleet(self, request).await),
            "/favicon.svg" | "/favicon.ico" => (Endpoint::Favicon, favicon(self).await),
            "/-/healthy" => (Endpoint::Healthy, text(StatusCode::OK, "mosaic-fleet-exporter is healthy\n")),
            "/-/ready" => (Endpoint::Ready, ready(self)),
            path => match path.strip_prefix("/assets/").and_then(mosaic_page::asset) {
                Some(found) => (Endpoint::Assets, asset(&found, request)),
                None => (Endpoint::NotFound, not_found(&self.telemetry_path)),
            },
        }
    }
}

impl Handler for Routes {
    async fn handle(&self, request: Parts) -> Response<Body> {
        let (endpoint, response) = self.route(&request).await;
        self.instruments.record_request(endpoint, response.status());
        let bytes = self.instruments.response_bytes();
        response.map(|body| CountedBody { body, bytes }.boxed_unsync())
    }

    fn refused(&self, reason: RefusalReason) {
        self.instruments.record_refusal(reason);
    }
}

/// A body that counts its bytes when they are handed to the connection.
struct CountedBody {
    body: Body,
    bytes: IntCounter,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.bytes.inc_by(data.len() as u64);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The header fields that isolate the page from other sites.
const PAGE_PROTECTION: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, mosaic_page::CONTENT_SECURITY_POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// `/`: the page.
async fn page(routes: &Routes, request: &Parts) -> Response<Body> {
    let Ok(observation) = routes.observations.latest(time_limit(&request.headers)).await else {
        return observation_timeout();
    };
    let (observed, observations) = (Arc::clone(&observation), Arc::clone(&routes.observations));
    let render = move || {
        let history = observations.history();
        Some(mosaic_page::document(&observed.snapshot, Some(observed.verified), &history, Timestamp::now()))
    };
    let page = routes.documents.get(&observation, DocumentKind::Page, &request.headers, render).await;
    let mut response = document(page, "text/html; charset=utf-8");
    for (name, value) in PAGE_PROTECTION {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `/api/v1/fleet`: the JSON of `mosaic fleet ps --json`.
async fn fleet(routes: &Routes, request: &Parts) -> Response<Body> {
    let Ok(observation) = routes.observations.latest(time_limit(&request.headers)).await else {
        return observation_timeout();
    };
    let observed = Arc::clone(&observation);
    let render = move || Some(serde_json::to_string(&observed.snapshot).ok()? + "\n");
    let json = routes.documents.get(&observation, DocumentKind::Fleet, &request.headers, render).await;
    document(json, "application/json")
}

/// `/favicon.svg`: an icon for the state of the fleet.
async fn favicon(routes: &Routes) -> Response<Body> {
    const TIME_LIMIT: Duration = Duration::from_secs(5);
    let Ok(observation) = routes.observations.latest(TIME_LIMIT).await else { return observation_timeout() };
    let mut response = text(StatusCode::OK, mosaic_page::favicon(&observation.snapshot));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    response
}

/// `/assets/…`: the page's style sheet and script. They change with the program, so browsers revalidate them.
fn asset(asset: &Asset, request: &Parts) -> Response<Body> {
    let tag = asset.etag();
    let is_cached = request.headers.get(IF_NONE_MATCH).is_some_and(|cached| cached.as_bytes() == tag.as_bytes());
    let bytes = if is_cached { Bytes::new() } else { Bytes::from_static(asset.text.as_bytes()) };
    let mut response = Response::new(full_body(bytes));
    if is_cached {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// `/-/ready`: whether the fleet was observed.
fn ready(routes: &Routes) -> Response<Body> {
    if routes.observations.is_ready() {
        text(StatusCode::OK, "mosaic-fleet-exporter is ready\n")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "the fleet has not been observed yet\n")
    }
}

fn not_found(telemetry_path: &TelemetryPath) -> Response<Body> {
    let message = format!("there is nothing at this path; the metrics are at {}\n", telemetry_path.as_str());
    text(StatusCode::NOT_FOUND, message)
}

/// A response of plain text.
fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full_body(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A response to a request above a limit.
fn unavailable(message: &'static str) -> Response<Body> {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, message);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// The response if no observation ends in time.
fn observation_timeout() -> Response<Body> {
    unavailable("the observation of the fleet took too long: try again, and see the exporter's log\n")
}

/// A response with a rendered document, or the refusal if there is no memory for it.
fn document(document: Option<Document>, content_type: &'static str) -> Response<Body> {
    let Some(document) = document else {
        return unavailable("too many responses wait for slow clients: try again\n");
    };
    let mut response = Response::new(full_body(document.bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if document.is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn full_body(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync()
}
