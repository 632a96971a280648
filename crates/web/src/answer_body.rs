//! The body of an answer on its way: it notes its end, and a stream ends with the server.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use crate::handler::Body;
use crate::phase::Progress;

/// What is over when the server drains.
pub(crate) type Draining = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(crate) struct AnswerBody {
    body: Body,
    progress: Arc<Progress>,
    /// Set for a stream, which would never end by itself.
    until: Option<Draining>,
}

impl AnswerBody {
    pub(crate) fn new(body: Body, progress: Arc<Progress>, until: Option<Draining>) -> Self {
        Self { body, progress, until }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.until.as_mut().is_some_and(|until| until.as_mut().poll(cx).is_ready()) {
            self.until = None;
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

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.progress.written();
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody").finish_non_exhaustive()
    }
}
