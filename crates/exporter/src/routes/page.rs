//! `/`: the page.

use hyper::Response;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY};
use hyper::http::request::Parts;
use jiff::Timestamp;
use mosaic_web::Body;
use std::sync::Arc;

use super::documents::Kind;
use super::{Routes, answer};
use crate::scrape_deadline::time_for;

/// Not embedded by anybody, and telling nobody.
const PROTECTION: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, mosaic_page::CONTENT_SECURITY_POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(super) async fn serve(routes: &Routes, request: &Parts) -> Response<Body> {
    let Ok(observed) = routes.observations.latest(time_for(&request.headers)).await else {
        return answer::out_of_time();
    };
    let (looked, observations) = (Arc::clone(&observed), Arc::clone(&routes.observations));
    let write = move || {
        let history = observations.history();
        Some(mosaic_page::document(&looked.snapshot, Some(looked.verified), &history, Timestamp::now()))
    };
    let document = routes.documents.get(&observed, Kind::Page, &request.headers, write).await;
    let mut response = answer::document(document, "text/html; charset=utf-8");
    for (name, value) in PROTECTION {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
