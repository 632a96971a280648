//! What ends a connection from outside: its deadline, somebody who needs its place, the end of the server.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::{Sleep, sleep_until};

use crate::answer_body::Draining;
use crate::limits::Limits;
use crate::phase::{Phase, Progress};
use crate::places::Place;

/// Why a connection ends that could have gone on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// This took too long.
    Late(Phase),
    /// Its place is needed.
    Displaced,
    /// The server drains, and no answer is on its way.
    Drained,
}

/// Watches over one connection, with one timer.
pub(crate) struct Watch {
    progress: Arc<Progress>,
    limits: Arc<Limits>,
    place: Place,
    draining: Option<Draining>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    pub(crate) fn new(progress: Arc<Progress>, limits: Arc<Limits>, place: Place, draining: Draining) -> Self {
        Self { progress, limits, place, draining: Some(draining), timer: None }
    }

    /// The server takes no more requests.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.is_none()
    }

    /// Ready when the connection has to end. To be polled after what it watches over, which may have changed what the
    /// connection is doing.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if self.place.poll_told_to_leave(cx).is_ready() {
            return Poll::Ready(Ended::Displaced);
        }
        if self.draining.as_mut().is_some_and(|draining| draining.as_mut().poll(cx).is_ready()) {
            self.draining = None;
        }
        let (phase, since) = self.progress.now();
        if self.is_draining() && !phase.is_answering() && phase != Phase::Leaving {
            return Poll::Ready(Ended::Drained);
        }
        let Some(allowed) = phase.allowed(&self.limits) else { return Poll::Pending };
        let deadline = since + allowed;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx).map(|()| Ended::Late(phase))
    }

    /// What comes of something, unless the connection has to end before.
    pub(crate) async fn over<F: Future>(&mut self, work: F) -> Result<F::Output, Ended> {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.poll(cx).map(Err),
        })
        .await
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("progress", &self.progress).finish_non_exhaustive()
    }
}
