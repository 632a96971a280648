//! `/api/v1/fleet`: what `mosaic fleet ps --json` prints.

use std::sync::Arc;

use hyper::Response;
use hyper::http::request::Parts;
use mosaic_web::Body;

use super::documents::Kind;
use super::{Routes, answer};
use crate::scrape_deadline::time_for;

pub(super) async fn serve(routes: &Routes, request: &Parts) -> Response<Body> {
    let Ok(observed) = routes.observations.latest(time_for(&request.headers)).await else {
        return answer::out_of_time();
    };
    let looked = Arc::clone(&observed);
    let write = move || Some(serde_json::to_string(&looked.snapshot).ok()? + "\n");
    let document = routes.documents.get(&observed, Kind::Fleet, &request.headers, write).await;
    answer::document(document, "application/json")
}
