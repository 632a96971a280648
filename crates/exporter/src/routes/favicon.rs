//! `/favicon.svg`: red when something is down.

use hyper::Response;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use mosaic_web::Body;
use std::time::Duration;

use super::{Routes, answer};

/// A tab's picture is not worth more.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn serve(routes: &Routes) -> Response<Body> {
    let Ok(observed) = routes.observations.latest(PATIENCE).await else { return answer::out_of_time() };
    let mut response = answer::text(StatusCode::OK, mosaic_page::favicon(&observed.snapshot));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    response
}
