//! Accepts connections until it is told to end, and then sees them off.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::acceptor::Acceptor;
use crate::allowed_hosts::AllowedHosts;
use crate::connection::Connection;
use crate::handler::Handler;
use crate::limits::Limits;
use crate::listener::Listener;
use crate::password_queue::PasswordQueue;
use crate::phase::Progress;
use crate::places::Places;
use crate::shared::Shared;
use crate::shutdown::Shutdown;
use crate::stream::{Peer, Socket, Stream};
use crate::turned_away::TurnedAway;
use crate::watch::Watch;
use crate::web_config::WebConfig;

/// After an error of the whole process or host (no descriptors, no memory): so long nothing is accepted.
const BREATH: Duration = Duration::from_millis(100);

/// A server that has its sockets, and does not serve yet.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    config: Arc<WebConfig>,
    limits: Limits,
    hosts: AllowedHosts,
}

/// Has a server read its configuration again.
#[derive(Clone, Debug)]
pub struct Reloader(Arc<WebConfig>);

impl Reloader {
    /// Reads the configuration and its certificates now, changed or not, and forgets which passwords were right. If
    /// something is wrong with them, what was in force stays so, and the error is logged.
    pub fn reload(&self) {
        self.0.reload();
    }
}

impl Server {
    /// A server on these sockets.
    #[must_use]
    pub fn new(listeners: Vec<Listener>, config: WebConfig, limits: Limits, hosts: AllowedHosts) -> Self {
        Self { listeners, config: Arc::new(config), limits, hosts }
    }

    /// For whoever is told that the configuration has changed.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        Reloader(Arc::clone(&self.config))
    }

    /// Serves until it is stopped, or until nobody is left who could stop it, and every connection is closed.
    ///
    /// # Errors
    /// A socket cannot be listened on within the runtime.
    pub async fn run(self, handler: Arc<impl Handler>, mut stop: watch::Receiver<Shutdown>) -> io::Result<()> {
        let limits = Arc::new(self.limits);
        let shared = Arc::new(Shared {
            handler,
            config: self.config,
            passwords: PasswordQueue::new(limits.waiting_passwords),
            limits: Arc::clone(&limits),
            hosts: self.hosts,
            stop: stop.clone(),
        });
        let places = Places::new(limits.connections);
        let turned_away = TurnedAway::new(limits.linger);
        let mut acceptor = Acceptor::new(self.listeners)?;
        let mut connections = JoinSet::new();
        let mut is_short = false;
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop > Shutdown::Running) => break,
                Some(_) = connections.join_next() => {}
                accepted = acceptor.accept() => match accepted {
                    Ok((socket, peer)) => {
                        is_short = false;
                        admit(&mut connections, &shared, &places, &turned_away, socket, peer);
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut is_short, true) {
                            tracing::warn!("no connection can be accepted, so some that only wait are closed: {error}");
                        }
                        places.make_room();
                        acceptor.pause(BREATH);
                    }
                },
            }
        }
        // From here on the kernel refuses whoever comes; a socket's file is removed.
        drop(acceptor);
        tokio::select! {
            () = async { while connections.join_next().await.is_some() {} } => {}
            () = sleep(limits.drain) => tracing::warn!("{} connections were not finished in time", connections.len()),
            () = aborted(&mut stop) => tracing::warn!("{} connections were not waited for", connections.len()),
        }
        connections.shutdown().await;
        Ok(())
    }
}

/// That nobody can say so any more is no reason to let requests fall.
async fn aborted(stop: &mut watch::Receiver<Shutdown>) {
    if stop.wait_for(|stop| *stop == Shutdown::Abort).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn admit(
    connections: &mut JoinSet<()>,
    shared: &Arc<Shared<impl Handler>>,
    places: &Arc<Places>,
    turned_away: &TurnedAway,
    socket: Socket,
    peer: Peer,
) {
    let progress = Arc::new(Progress::new());
    let stream = Stream::new(socket, Arc::clone(&progress));
    if let Some(place) = places.take(Arc::clone(&progress)) {
        let watch = Watch::new(Arc::clone(&progress), Arc::clone(&shared.limits), place, shared.draining());
        let connection = Connection { peer, progress, watch, shared: Arc::clone(shared) };
        connections.spawn(connection.serve(stream));
    } else {
        tracing::debug!(%peer, "all connections are busy");
        // In TLS, not even that can be said.
        if shared.config.in_force().tls.is_none() {
            turned_away.tell(connections, stream);
        }
    }
}
