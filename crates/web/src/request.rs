//! One request: who may ask, and what is added to every answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::http::request::Parts;
use hyper::{Request, Response};

use crate::answer_body::AnswerBody;
use crate::gate::Gate;
use crate::handler::{Body, Handler};
use crate::phase::Progress;
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::stream::Peer;
use crate::web_config::Settings;

/// Answers the requests of one connection.
#[derive(Debug)]
pub(crate) struct Answering<H> {
    pub(crate) peer: Peer,
    pub(crate) progress: Arc<Progress>,
    pub(crate) shared: Arc<Shared<H>>,
}

type Answer = Result<Response<AnswerBody>, Infallible>;

impl<H: Handler> Answering<H> {
    pub(crate) fn answer(&self, request: Request<Incoming>) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        self.progress.answering();
        let (peer, progress, shared) = (self.peer, Arc::clone(&self.progress), Arc::clone(&self.shared));
        Box::pin(async move {
            let settings = shared.config.in_force();
            let (mut parts, body) = request.into_parts();
            // The way to an upgrade is in there.
            parts.extensions.clear();
            let has_body = !body.is_end_stream();
            let response = match admit(&shared, &settings, peer, &mut parts, has_body).await {
                Ok(()) => shared.handler.handle(parts).await,
                Err(refusal) => {
                    note(peer, &refusal);
                    refusal.response()
                }
            };
            // Kept until here: a body that is dropped earlier would be read by hyper to find the next request.
            drop(body);
            Ok(finished(response, &settings, progress, &shared))
        })
    }
}

async fn admit<H>(
    shared: &Shared<H>,
    settings: &Settings,
    peer: Peer,
    request: &mut Parts,
    has_body: bool,
) -> Result<(), Refusal> {
    // A web page that comes under a foreign name reaches no Unix socket, and has no credentials for that name.
    let any_host = peer == Peer::Unix || settings.wants_credentials();
    let gate = Gate { hosts: (!any_host).then_some(&shared.hosts), target_bytes: shared.limits.target_bytes };
    gate.admit(request, has_body)?;
    if settings.rate.as_ref().is_some_and(|rate| !rate.allow()) {
        return Err(Refusal::TooManyRequests);
    }
    match &settings.users {
        Some(users) => users.admit(&request.headers, peer, &shared.passwords).await,
        None => Ok(()),
    }
}

fn note(peer: Peer, refusal: &Refusal) {
    if *refusal == Refusal::WrongCredentials {
        tracing::info!(%peer, "wrong user name or password from {peer}");
    } else {
        tracing::debug!(%peer, ?refusal, "request refused");
    }
}

fn finished<H>(
    mut response: Response<Body>,
    settings: &Settings,
    progress: Arc<Progress>,
    shared: &Shared<H>,
) -> Response<AnswerBody> {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // The operator's word goes before the handler's.
    for (name, value) in &settings.headers {
        headers.insert(name, value.clone());
    }
    let is_stream = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let until = is_stream.then(|| shared.draining());
    response.map(|body| AnswerBody::new(body, progress, until))
}
