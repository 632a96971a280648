//! `/assets/…`: the page's style and script.

use bytes::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use mosaic_page::Asset;
use mosaic_web::Body;

use super::answer;

/// They change with the program: a browser asks whether they did.
pub(super) fn serve(asset: &Asset, request: &Parts) -> Response<Body> {
    let tag = asset.etag();
    let is_known = request.headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response =
        Response::new(answer::whole(if is_known { Bytes::new() } else { Bytes::from_static(asset.text.as_bytes()) }));
    if is_known {
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
