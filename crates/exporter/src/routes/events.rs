//! `/events`: the live updates of an open page, as server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::{Body as HttpBody, Frame};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use mosaic_page::Changes;
use mosaic_web::Body;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::Routes;
use crate::instruments::LimitReached;
use crate::observations::Observations;

/// The longest time between two updates of a page. After an observation for another client it is shorter.
const INTERVAL: Duration = Duration::from_secs(1);
/// The time limit of an observation.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The longest silence. A comment then shows each side whether the other is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) fn serve(routes: &Routes) -> Response<Body> {
    let Ok(permit) = Arc::clone(&routes.viewers).try_acquire_owned() else {
        routes.instruments.record_limit(LimitReached::PageViewers);
        return super::unavailable("too many pages are open: close one\n");
    };
    let viewer = routes.instruments.page_viewer();
    // At most one event waits for a slow reader, which then gets all later changes in one event.
    let (sender, events) = mpsc::channel(1);
    let observations = Arc::clone(&routes.observations);
    tokio::spawn(async move {
        // A client that disconnects frees its permit at once, even during an observation.
        tokio::select! {
            () = send_updates(&observations, &sender) => {}
            () = sender.closed() => {}
        }
        drop((permit, viewer));
    });
    let mut response = Response::new(Events(events).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends updates until the client disconnects.
async fn send_updates(observations: &Arc<Observations>, events: &mpsc::Sender<Bytes>) {
    let mut changes = Changes::default();
    let mut last_sent = Instant::now();
    loop {
        let started = Instant::now();
        let started_since_boot = mosaic_process::since_boot();
        let mut age = Duration::ZERO;
        let event = match observations.latest(TIME_LIMIT).await {
            Ok(observation) => {
                age = started_since_boot.saturating_sub(observation.started);
                let observations = Arc::clone(observations);
                let compared = spawn_blocking(move || {
                    let history = observations.history();
                    let event =
                        changes.between(&observation.snapshot, Some(observation.verified), &history, Timestamp::now());
                    drop(history);
                    (changes, event)
                });
                let Ok((kept, event)) = compared.await else { return };
                changes = kept;
                event.map(|data| format!("event: fleet\ndata: {data}\n\n"))
            }
            Err(_) => None,
        };
        let event = event.or_else(|| (last_sent.elapsed() >= KEEP_ALIVE).then(|| ":\n\n".to_owned()));
        if let Some(event) = event {
            last_sent = Instant::now();
            if events.send(event.into()).await.is_err() {
                return;
            }
        }
        // A page is never older than the interval plus one observation.
        sleep_until(started + INTERVAL.saturating_sub(age)).await;
    }
}

/// The body of the response, which ends with the sender.
#[derive(Debug)]
struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
    }
}
