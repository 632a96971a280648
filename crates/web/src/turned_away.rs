//! Those for whom there is no room: told so, at little cost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::refusal::Refusal;
use crate::stream::Stream;

/// So many are told at once; the rest is closed without a word.
const AT_ONCE: usize = 32;

/// Tells clients to come back later.
#[derive(Debug)]
pub(crate) struct TurnedAway {
    free: Arc<Semaphore>,
    linger: Duration,
}

impl TurnedAway {
    pub(crate) fn new(linger: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(AT_ONCE)), linger }
    }

    pub(crate) fn tell(&self, tasks: &mut JoinSet<()>, mut stream: Stream) {
        let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() else { return };
        let linger = self.linger;
        tasks.spawn(async move {
            let farewell = async {
                stream.write_all(&Refusal::Full.bytes()).await?;
                stream.shutdown().await?;
                // Closed with its request unread, the connection would be reset and the client never know why.
                let mut thrown_away = [0; 1024];
                while stream.read(&mut thrown_away).await? > 0 {}
                Ok::<(), io::Error>(())
            };
            let _ = timeout(linger, farewell).await;
            drop(permit);
        });
    }
}
