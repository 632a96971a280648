//! `/events`: what changes, as server-sent events, for as long as a page is open.

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

use super::{Routes, answer};
use crate::observation::Observations;

/// How often a page is brought up to date; sooner after a look that somebody else had asked for a while ago.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Something is said at least as often, so that each side notices when the other is gone.
const SILENCE: Duration = Duration::from_secs(15);

pub(super) fn serve(routes: &Routes) -> Response<Body> {
    let Ok(place) = routes.watchers.clone().try_acquire_owned() else {
        return answer::busy("too many pages are open: close one\n");
    };
    // One event at most waits for a reader that is slow; what it misses meanwhile comes as one change.
    let (sender, events) = mpsc::channel(1);
    let observations = Arc::clone(&routes.observations);
    tokio::spawn(async move {
        // Whoever goes makes room at once, also in the middle of a look.
        tokio::select! {
            () = tell(&observations, &sender) => {}
            () = sender.closed() => {}
        }
        drop(place);
    });
    let mut response = Response::new(Events(events).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Until nobody reads any more.
async fn tell(observations: &Arc<Observations>, events: &mpsc::Sender<Bytes>) {
    let mut changes = Changes::default();
    let mut said = Instant::now();
    loop {
        let begun = Instant::now();
        let begun_since_boot = mosaic_process::since_boot();
        let mut age = Duration::ZERO;
        let event = match observations.latest(PATIENCE).await {
            Ok(observed) => {
                age = begun_since_boot.saturating_sub(observed.begun);
                let observations = Arc::clone(observations);
                let compared = spawn_blocking(move || {
                    let history = observations.history();
                    let event =
                        changes.between(&observed.snapshot, Some(observed.verified), &history, Timestamp::now());
                    drop(history);
                    (changes, event)
                });
                let Ok((kept, event)) = compared.await else { return };
                changes = kept;
                event.map(|data| format!("event: fleet\ndata: {data}\n\n"))
            }
            Err(_) => None,
        };
        let event = event.or_else(|| (said.elapsed() >= SILENCE).then(|| ":\n\n".to_owned()));
        if let Some(event) = event {
            said = Instant::now();
            if events.send(event.into()).await.is_err() {
                return;
            }
        }
        // What a page shows is never older than the interval and one look, whoever else looks when.
        sleep_until(begun + INTERVAL.saturating_sub(age)).await;
    }
}

/// A body that goes on for as long as there is somebody who tells.
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
