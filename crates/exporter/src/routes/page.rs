//! `/`: the page.

use hyper::Response;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY};
use hyper::http::request::Parts;
use jiff::Timestamp;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use web::Body;

use super::{Routes, answer};
use crate::scrape_deadline::time_for;

/// Not embedded by anybody, and telling nobody.
const PROTECTION: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, page::CONTENT_SECURITY_POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(super) async fn serve(routes: &Routes, request: &Parts) -> Response<Body> {
    let Ok(observed) = routes.observations.latest(time_for(&request.headers)).await else {
        return answer::out_of_time();
    };
    let (request, observations) = (request.clone(), Arc::clone(&routes.observations));
    let written = spawn_blocking(move || {
        let history = observations.history();
        let text = page::document(&observed.snapshot, Some(observed.verified), &history, Timestamp::now());
        drop(history);
        answer::document(&request, "text/html; charset=utf-8", text)
    });
    let Ok(mut response) = written.await else { return answer::out_of_time() };
    for (name, value) in PROTECTION {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
