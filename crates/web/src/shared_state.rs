//! The state that all connections of a server share.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::limits::Limits;
use crate::request_filter::AllowedHosts;
use crate::web_config::{PasswordQueue, WebConfig};

/// What the server is asked to do. The server watches a channel for the latest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shutdown {
    /// Serve.
    #[default]
    Running,
    /// Accept no more requests, finish those that are being answered, and end streams.
    Drain,
    /// Close all connections at once.
    Abort,
}

/// Completes when the server begins to drain.
pub(crate) type Draining = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The state of one server.
#[derive(Debug)]
pub(crate) struct SharedState<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) config: Arc<WebConfig>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) hosts: AllowedHosts,
    pub(crate) passwords: PasswordQueue,
    pub(crate) stop: watch::Receiver<Shutdown>,
}

impl<H> SharedState<H> {
    /// Whether a shutdown has been requested.
    pub(crate) fn is_draining(&self) -> bool {
        *self.stop.borrow() > Shutdown::Running
    }

    /// Completes when the server begins to drain, or when the sender of shutdown requests is gone.
    pub(crate) fn draining(&self) -> Draining {
        let mut stop = self.stop.clone();
        Box::pin(async move {
            let _ = stop.wait_for(|stop| *stop > Shutdown::Running).await;
        })
    }
}
