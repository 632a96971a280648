//! Answers one request: checks it, passes it to the handler, and completes the response.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::http::request::Parts;
use hyper::{Request, Response, Version};

use crate::handler::{Body, Handler};
use crate::instrumented_io::Peer;
use crate::phase::PhaseTracker;
use crate::refusal::Refusal;
use crate::request_filter::RequestFilter;
use crate::shared_state::{Draining, SharedState};
use crate::web_config::Settings;

/// Answers the requests of one connection.
#[derive(Debug)]
pub(crate) struct RequestService<H> {
    pub(crate) peer: Peer,
    pub(crate) tracker: Arc<PhaseTracker>,
    pub(crate) shared: Arc<SharedState<H>>,
}

type Answer = Result<Response<ResponseBody>, Infallible>;

impl<H: Handler> RequestService<H> {
    pub(crate) fn call(&self, request: Request<Incoming>) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        self.tracker.begin_response();
        let (peer, tracker, shared) = (self.peer, Arc::clone(&self.tracker), Arc::clone(&self.shared));
        Box::pin(async move {
            let settings = shared.config.current();
            let (mut parts, body) = request.into_parts();
            // The extensions contain the means to upgrade the connection, which handlers must not do.
            parts.extensions.clear();
            let has_body = !body.is_end_stream();
            let client_closes = closes_connection(&parts);
            let response = match authorize(&shared, &settings, peer, &mut parts, has_body).await {
                Ok(()) => shared.handler.handle(parts).await,
                Err(refusal) => {
                    log_refusal(peer, &refusal);
                    shared.handler.refused(refusal.reason());
                    refusal.response().map(BodyExt::boxed_unsync)
                }
            };
            // hyper reads the rest of a body that is dropped before this point, to find the next request.
            drop(body);
            let is_last = client_closes || shared.is_draining();
            Ok(complete(response, &settings, tracker, &shared, is_last))
        })
    }
}

/// Whether a request says that its connection ends with the response (RFC 9112, section 9.3).
fn closes_connection(request: &Parts) -> bool {
    let mut values = request.headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let mut has =
        |option: &str| values.any(|value| value.split(',').any(|given| given.trim().eq_ignore_ascii_case(option)));
    if request.version == Version::HTTP_10 { !has("keep-alive") } else { has("close") }
}

async fn authorize<H>(
    shared: &SharedState<H>,
    settings: &Settings,
    peer: Peer,
    request: &mut Parts,
    has_body: bool,
) -> Result<(), Refusal> {
    // DNS rebinding cannot reach a Unix socket, and a browser has no credentials for the name of another page.
    let any_host = peer == Peer::Unix || settings.requires_credentials();
    let filter =
        RequestFilter { hosts: (!any_host).then_some(&shared.hosts), target_bytes: shared.limits.target_bytes };
    filter.check(request, has_body)?;
    if settings.rate_limiter.as_ref().is_some_and(|limiter| !limiter.allow()) {
        return Err(Refusal::RateLimited);
    }
    match &settings.users {
        Some(users) => users.authenticate(&request.headers, peer, &shared.passwords).await,
        None => Ok(()),
    }
}

fn log_refusal(peer: Peer, refusal: &Refusal) {
    if *refusal == Refusal::WrongCredentials {
        tracing::info!(%peer, "wrong user name or password from {peer}");
    } else {
        tracing::debug!(%peer, ?refusal, "request refused");
    }
}

fn complete<H>(
    mut response: Response<Body>,
    settings: &Settings,
    tracker: Arc<PhaseTracker>,
    shared: &SharedState<H>,
    is_last: bool,
) -> Response<ResponseBody> {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The operator's settings override those of the handler.
    for (name, value) in &settings.headers {
        headers.insert(name, value.clone());
    }
    // The connection itself may notice the shutdown only after it has written this response.
    if is_last {
        tracker.announce_close();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let is_stream = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let end = is_stream.then(|| shared.draining());
    response.map(|body| ResponseBody { body, tracker, end })
}

/// The body of a response, which records its completion. A stream ends when the server drains.
pub(crate) struct ResponseBody {
    body: Body,
    tracker: Arc<PhaseTracker>,
    /// Ends a stream, which does not end by itself.
    end: Option<Draining>,
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.end.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready()) {
            self.end = None;
            self.body = Body::default();
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.tracker.complete_response();
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
