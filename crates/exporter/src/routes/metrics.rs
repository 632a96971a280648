//! `/metrics`: a scrape.

use hyper::Response;
use hyper::StatusCode;
use hyper::header::ACCEPT;
use hyper::http::request::Parts;
use metrics::{Build, Exposition, Format, Selection};
use tokio::task::spawn_blocking;
use web::Body;

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
    let observed = routes.observations.latest(time_for(&request.headers)).await.ok();
    let request = request.clone();
    let written = spawn_blocking(move || {
        let _until_written = scrape;
        let mut text = String::new();
        match observed {
            Some(observed) => Exposition {
                snapshot: &observed.snapshot,
                verified: Some(observed.verified),
                build: BUILD,
                process: Some(own_process()),
            }
            .write(&selection, format, &mut text),
            None => metrics::out_of_time(BUILD, &selection, format, &mut text),
        }
        answer::document(&request, format.content_type(), text)
    });
    written.await.unwrap_or_else(|_| answer::out_of_time())
}
