//! What is served: one file a route. A request has passed `web` when it comes here: it is a GET or a
//! HEAD, for this host, from somebody who may.

mod answer;
mod asset;
mod documents;
mod events;
mod favicon;
mod fleet;
mod metrics;
mod page;
mod query;

use std::sync::Arc;

use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use mosaic_web::{Body, Handler};
use tokio::sync::Semaphore;

use crate::flags::{CollectorFlags, TelemetryPath};
use crate::observation::Observations;
use documents::Documents;

/// What all routes work with.
#[derive(Debug)]
pub(crate) struct Routes {
    telemetry_path: TelemetryPath,
    collectors: CollectorFlags,
    observations: Arc<Observations>,
    documents: Documents,
    /// Who scrapes at this moment.
    scrapes: Arc<Semaphore>,
    /// Who has the page open.
    watchers: Arc<Semaphore>,
}

impl Routes {
    /// So many pages are kept up to date at once: each costs a comparison a second.
    const WATCHERS: usize = 32;

    /// All of them. `max_scrapes` go on at once, any number if that is 0.
    pub(crate) fn new(
        observations: Arc<Observations>,
        telemetry_path: TelemetryPath,
        collectors: CollectorFlags,
        max_scrapes: usize,
    ) -> Self {
        let scrapes = if max_scrapes == 0 { Semaphore::MAX_PERMITS } else { max_scrapes.min(Semaphore::MAX_PERMITS) };
        Self {
            telemetry_path,
            collectors,
            observations,
            documents: Documents::default(),
            scrapes: Arc::new(Semaphore::new(scrapes)),
            watchers: Arc::new(Semaphore::new(Self::WATCHERS)),
        }
    }
}

impl Handler for Routes {
    async fn handle(&self, request: Parts) -> Response<Body> {
        match request.uri.path() {
            path if path == self.telemetry_path.as_str() => metrics::serve(self, &request).await,
            "/" => page::serve(self, &request).await,
            "/events" => events::serve(self),
            "/api/v1/fleet" => fleet::serve(self, &request).await,
            "/favicon.svg" | "/favicon.ico" => favicon::serve(self).await,
            "/-/healthy" => answer::text(StatusCode::OK, "mosaic-fleet-exporter is healthy\n"),
            "/-/ready" if self.observations.is_ready() => {
                answer::text(StatusCode::OK, "mosaic-fleet-exporter is ready\n")
            }
            "/-/ready" => answer::text(StatusCode::SERVICE_UNAVAILABLE, "the fleet was not looked at yet\n"),
            path => match path.strip_prefix("/assets/").and_then(mosaic_page::asset) {
                Some(found) => asset::serve(&found, &request),
                None => answer::text(
                    StatusCode::NOT_FOUND,
                    format!("there is nothing at this path; the metrics are at {}\n", self.telemetry_path.as_str()),
                ),
            },
        }
    }
}
