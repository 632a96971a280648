//! `/metrics`: a scrape.

use std::sync::Arc;
use std::time::Instant;

use hyper::Response;
use hyper::StatusCode;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use mosaic_metrics::{Build, Exposition, Format, Selection};
use mosaic_web::Body;

use super::documents::Kind;
use super::{Routes, answer, query};
use crate::own_process::own_process;
use crate::scrape_deadline::time_for;

/// What this program is.
const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: match option_env!("MOSAIC_FLEET_REVISION") {
        Some(revision) => revision,
        None => "unknown",
    },
};

pub(super) async fn serve(routes: &Routes, request: &Parts) -> Response<Body> {
    let parameter = |name| query::values(request.uri.query(), name);
    let selection = match Selection::chosen(&parameter("collect[]"), &parameter("exclude[]")) {
        Ok(selection) => routes.collectors.off.iter().fold(selection, |selection, off| selection.without(*off)),
        Err(error) => return answer::text(StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let Ok(scrape) = routes.scrapes.clone().try_acquire_owned() else {
        return answer::busy("too many scrapes at once: --web.max-requests is the limit\n");
    };
    let accepted: Vec<&str> = request.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Format::negotiate((!accepted.is_empty()).then(|| accepted.join(",")).as_deref());
    let patience = time_for(&request.headers);
    routes.observations.expect_again(Instant::now(), patience);
    let Ok(observed) = routes.observations.latest(patience).await else {
        return out_of_time(&selection, format);
    };
    let looked = Arc::clone(&observed);
    let chosen = selection.clone();
    let write = move || {
        let mut text = String::new();
        let exposition = Exposition {
            snapshot: &looked.snapshot,
            verified: Some(looked.verified),
            build: BUILD,
            process: Some(own_process()),
        };
        exposition.write(&chosen, format, &mut text);
        Some(text)
    };
    let document = routes.documents.get(&observed, Kind::Metrics(format, selection), &request.headers, write).await;
    drop(scrape);
    answer::document(document, format.content_type())
}

/// Prometheus keeps what an answer has, and of an error only that it was one.
fn out_of_time(selection: &Selection, format: Format) -> Response<Body> {
    let mut text = String::new();
    mosaic_metrics::out_of_time(BUILD, selection, format, &mut text);
    let mut response = answer::text(StatusCode::OK, text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    response
}
