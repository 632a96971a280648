//! The server: accepts connections until a shutdown is requested, and then drains them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::acceptor::Acceptor;
use crate::connection::{Connection, ConnectionGuard};
use crate::connection_slots::ConnectionSlots;
use crate::handler::Handler;
use crate::instrumented_io::{Peer, Socket, Stream};
use crate::limits::Limits;
use crate::listener::Listener;
use crate::phase::PhaseTracker;
use crate::refusal::{Refusal, RefusalReason};
use crate::request_filter::AllowedHosts;
use crate::shared_state::{SharedState, Shutdown};
use crate::web_config::{PasswordQueue, WebConfig, WebConfigStatus};

/// How long the server accepts nothing after an error of the process or the host, such as a lack of descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// A server that has its sockets and does not serve yet.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    config: Arc<WebConfig>,
    limits: Limits,
    hosts: AllowedHosts,
}

/// Reloads the configuration of a server, and shows its state.
#[derive(Clone, Debug)]
pub struct Reloader(Arc<WebConfig>);

impl Reloader {
    /// Reads the configuration and its certificates, changed or not, and forgets all verified passwords.
    ///
    /// An invalid configuration is logged and changes nothing.
    pub fn reload(&self) {
        self.0.reload();
    }

    /// The state of the configuration. Changed files are read first.
    #[must_use]
    pub fn status(&self) -> WebConfigStatus {
        self.0.status()
    }
}

impl Server {
    /// Creates a server on these sockets.
    #[must_use]
    pub fn new(listeners: Vec<Listener>, config: WebConfig, limits: Limits, hosts: AllowedHosts) -> Self {
        Self { listeners, config: Arc::new(config), limits, hosts }
    }

    /// Returns a handle that reloads the configuration.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader(Arc::clone(&self.config))
    }

    /// Serves until a shutdown is requested, or until the sender of such requests is gone, and all connections are
    /// closed.
    ///
    /// # Errors
    /// A socket cannot be registered with the runtime.
    pub async fn run(self, handler: Arc<impl Handler>, mut stop: watch::Receiver<Shutdown>) -> io::Result<()> {
        let limits = Arc::new(self.limits);
        let shared = Arc::new(SharedState {
            handler,
            config: self.config,
            passwords: PasswordQueue::new(limits.waiting_passwords),
            limits: Arc::clone(&limits),
            hosts: self.hosts,
            stop: stop.clone(),
        });
        let slots = ConnectionSlots::new(limits.connections);
        let overload_responder = OverloadResponder::new(limits.linger);
        let mut acceptor = Acceptor::new(self.listeners)?;
        let mut connections = JoinSet::new();
        let mut is_accept_failing = false;
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop > Shutdown::Running) => break,
                Some(_) = connections.join_next() => {}
                accepted = acceptor.accept() => match accepted {
                    Ok((socket, peer)) => {
                        is_accept_failing = false;
                        spawn(&mut connections, &shared, &slots, &overload_responder, socket, peer);
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut is_accept_failing, true) {
                            tracing::warn!("cannot accept connections, closing idle ones: {error}");
                        }
                        slots.evict_one();
                        acceptor.back_off(ACCEPT_BACKOFF);
                    }
                },
            }
        }
        // The kernel refuses new connections once the sockets are closed. Unix socket files are removed.
        drop(acceptor);
        tokio::select! {
            () = async { while connections.join_next().await.is_some() {} } => {}
            () = sleep(limits.drain) => tracing::warn!("closing {} connections that did not finish in time", connections.len()),
            () = aborted(&mut stop) => tracing::warn!("closing {} connections on the second request to stop", connections.len()),
        }
        connections.shutdown().await;
        Ok(())
    }
}

/// Completes when an abort is requested. Requests are still finished if the sender is gone.
async fn aborted(stop: &mut watch::Receiver<Shutdown>) {
    if stop.wait_for(|stop| *stop == Shutdown::Abort).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn spawn(
    connections: &mut JoinSet<()>,
    shared: &Arc<SharedState<impl Handler>>,
    slots: &Arc<ConnectionSlots>,
    overload_responder: &OverloadResponder,
    socket: Socket,
    peer: Peer,
) {
    let tracker = Arc::new(PhaseTracker::new());
    let stream = Stream::new(socket, Arc::clone(&tracker));
    if let Some(slot) = slots.acquire(Arc::clone(&tracker)) {
        let guard = ConnectionGuard::new(Arc::clone(&tracker), Arc::clone(&shared.limits), slot, shared.draining());
        let connection = Connection { peer, tracker, guard, shared: Arc::clone(shared) };
        connections.spawn(connection.serve(stream));
    } else {
        tracing::debug!(%peer, "all connections are busy");
        shared.handler.refused(RefusalReason::Overloaded);
        // A TLS client could not read a response without a handshake.
        if shared.config.current().tls.is_none() {
            overload_responder.respond(connections, stream);
        }
    }
}

/// Tells clients without a slot to come back later, at little cost.
#[derive(Debug)]
struct OverloadResponder {
    permits: Arc<Semaphore>,
    linger: Duration,
}

impl OverloadResponder {
    /// The number of clients that get a response at the same time; further connections are closed without one.
    const MAX_CONCURRENT: usize = 32;

    fn new(linger: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(Self::MAX_CONCURRENT)), linger }
    }

    fn respond(&self, tasks: &mut JoinSet<()>, mut stream: Stream) {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { return };
        let linger = self.linger;
        tasks.spawn(async move {
            let response = async {
                stream.write_all(&Refusal::Overloaded.to_bytes()).await?;
                stream.shutdown().await?;
                // The kernel would reset a connection with unread data, and the client might not see the response.
                let mut discarded = [0; 1024];
                while stream.read(&mut discarded).await? > 0 {}
                Ok::<(), io::Error>(())
            };
            let _ = timeout(linger, response).await;
            drop(permit);
        });
    }
}
