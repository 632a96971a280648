//! A stream of events: one, and then nothing, for ever.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};

#[derive(Debug, Default)]
pub(crate) struct Endless {
    has_begun: bool,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.has_begun {
            return Poll::Pending;
        }
        self.has_begun = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data: first\n\n")))))
    }
}
