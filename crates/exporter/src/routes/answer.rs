//! Answers, as all routes give them.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use hyper::{Response, StatusCode};
use mosaic_web::Body;

use super::documents::Document;

const PLAIN: &str = "text/plain; charset=utf-8";

/// A few words.
pub(super) fn text(status: StatusCode, words: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(whole(words.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PLAIN));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Something of which there may not be more at once.
pub(super) fn busy(words: &'static str) -> Response<Body> {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, words);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// The fleet could not be looked at in time.
pub(super) fn out_of_time() -> Response<Body> {
    busy("the fleet could not be looked at in time: try again, and see the exporter's log\n")
}

/// A document of the fleet as it is now.
pub(super) fn document(document: Option<Document>, content_type: &'static str) -> Response<Body> {
    let Some(document) = document else {
        return busy("too many answers wait for somebody to read them: try again\n");
    };
    let mut response = Response::new(whole(document.bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if document.is_compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// All of a body at once.
pub(super) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync()
}
