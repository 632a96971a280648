//! `/favicon.svg`: red when something is down.

use hyper::Response;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use std::time::Duration;
use web::Body;

use super::{Routes, answer};

/// A tab's picture is not worth more.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn serve(routes: &Routes) -> Response<Body> {
    let Ok(observed) = routes.observations.latest(PATIENCE).await else { return answer::out_of_time() };
    let mut response = answer::text(StatusCode::OK, page::favicon(&observed.snapshot));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    response
}
