//! `/api/v1/fleet`: what `mosaic fleet ps --json` prints.

use hyper::Response;
use hyper::http::request::Parts;
use tokio::task::spawn_blocking;
use web::Body;

use super::{Routes, answer};
use crate::scrape_deadline::time_for;

pub(super) async fn serve(routes: &Routes, request: &Parts) -> Response<Body> {
    let Ok(observed) = routes.observations.latest(time_for(&request.headers)).await else {
        return answer::out_of_time();
    };
    let request = request.clone();
    let written = spawn_blocking(move || {
        let text = serde_json::to_string(&observed.snapshot).ok()?;
        Some(answer::document(&request, "application/json", text + "\n"))
    });
    written.await.ok().flatten().unwrap_or_else(answer::out_of_time)
}
