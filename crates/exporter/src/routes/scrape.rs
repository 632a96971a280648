//! `/metrics`: a scrape.

use std::sync::Arc;
use std::time::Instant;

use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use mosaic_metrics::{Build, Exposition, Format, Selection, States};
use mosaic_web::Body;

use super::Routes;
use super::document_cache::DocumentKind;
use crate::instruments::LimitReached;
use crate::own_process::own_process;
use crate::request_options::{query_values, time_limit};

/// The build of the exporter.
const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: match option_env!("MOSAIC_FLEET_REVISION") {
        Some(revision) => revision,
        None => "unknown",
    },
};

pub(super) async fn serve(routes: &Routes, request: &Parts) -> Response<Body> {
    let parameter = |name| query_values(request.uri.query(), name);
    let selection = match Selection::parse(&parameter("collect[]"), &parameter("exclude[]")) {
        Ok(selection) => routes.collectors.disabled.iter().fold(selection, |rest, disabled| rest.without(*disabled)),
        Err(error) => return super::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let states = match parameter("states").last().map_or(Ok(States::All), |states| states.parse()) {
        Ok(states) => states,
        Err(error) => return super::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let selection = selection.with_states(states);
    let Ok(permit) = Arc::clone(&routes.scrapes).try_acquire_owned() else {
        routes.instruments.record_limit(LimitReached::Scrapes);
        return super::unavailable("too many scrapes at the same time: --web.max-requests sets the limit\n");
    };
    let accepted: Vec<&str> = request.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Format::negotiate((!accepted.is_empty()).then(|| accepted.join(",")).as_deref());
    let time_limit = time_limit(&request.headers);
    routes.observations.expect_next_scrape(Instant::now(), time_limit);
    let Ok(observation) = routes.observations.latest(time_limit).await else {
        return out_of_time(&selection, format);
    };
    let (observed, selected) = (Arc::clone(&observation), selection.clone());
    let (instruments, web_config) = (Arc::clone(&routes.instruments), routes.web_config.clone());
    let render = move || {
        let exposition = Exposition {
            snapshot: &observed.snapshot,
            verified: Some(observed.verified),
            messages: &observed.messages,
            build: BUILD,
            process: Some(own_process()),
        };
        let mut text = String::new();
        instruments.record_web_config(&web_config.status());
        instruments.write(&exposition, &selected, format, &mut text).ok()?;
        Some(text)
    };
    let kind = DocumentKind::Metrics(format, selection);
    let metrics = routes.documents.get(&observation, kind, &request.headers, render).await;
    drop(permit);
    super::document(metrics, format.content_type())
}

/// A successful response without success of any collector, because Prometheus discards the body of an error.
fn out_of_time(selection: &Selection, format: Format) -> Response<Body> {
    let mut text = String::new();
    mosaic_metrics::write_out_of_time(BUILD, selection, format, &mut text);
    let mut response = super::text(StatusCode::OK, text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    response
}
