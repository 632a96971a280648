//! What all connections of a server share.

use std::sync::Arc;

use tokio::sync::watch;

use crate::allowed_hosts::AllowedHosts;
use crate::answer_body::Draining;
use crate::limits::Limits;
use crate::password_queue::PasswordQueue;
use crate::shutdown::Shutdown;
use crate::web_config::WebConfig;

/// One of it a server.
#[derive(Debug)]
pub(crate) struct Shared<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) config: Arc<WebConfig>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) hosts: AllowedHosts,
    pub(crate) passwords: PasswordQueue,
    pub(crate) stop: watch::Receiver<Shutdown>,
}

impl<H> Shared<H> {
    /// Over when the server drains, and when nobody is left who could say so.
    pub(crate) fn draining(&self) -> Draining {
        let mut stop = self.stop.clone();
        Box::pin(async move {
            let _ = stop.wait_for(|stop| *stop > Shutdown::Running).await;
        })
    }
}
