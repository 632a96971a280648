//! Who looks: a thread that sleeps until it is asked.

use std::io;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_page::History;
use mosaic_probe::{Depth, Observer, Scope};
use tokio::sync::watch;

use super::{Observed, Subject};

/// Somebody wants a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    /// Since when. What was seen after this is what was wished for.
    pub(super) since: Instant,
    /// How long each source may take.
    pub(super) limit: Duration,
}

/// What is told of each look.
pub(super) type Published = Option<Arc<Observed>>;

/// Starts it. It ends when nobody can wish for anything any more.
///
/// # Errors
/// There is no thread to be had.
pub(super) fn start(
    subject: Subject,
    wishes: Receiver<Wish>,
    published: watch::Sender<Published>,
    history: Arc<Mutex<History>>,
) -> io::Result<()> {
    let work = move || {
        let mut observer = Observer::default();
        let mut last: Option<Instant> = None;
        while let Ok(wish) = wishes.recv() {
            // Who wished while a look went on has its result.
            if last.is_some_and(|ended| ended >= wish.since) {
                continue;
            }
            let Some(fleet) = look(&mut observer, &subject, wish.limit) else { continue };
            history.lock().unwrap_or_else(PoisonError::into_inner).note(Timestamp::now(), &fleet.snapshot);
            // Whoever has wished by now gets this one; who finds it too old has to find room to wish.
            while wishes.try_recv().is_ok() {}
            last = Some(Instant::now());
            published.send_replace(Some(Arc::new(fleet)));
        }
    };
    thread::Builder::new().name("looker".to_owned()).spawn(work).map(drop)
}

fn look(observer: &mut Observer, subject: &Subject, limit: Duration) -> Option<Observed> {
    let begun = mosaic_process::since_boot();
    let target =
        subject.target(limit).inspect_err(|error| tracing::error!("the fleet cannot be looked at: {error}")).ok()?;
    let look = observer.look(&target, Depth::Verify);
    let look = look.inspect_err(|error| tracing::error!("the fleet cannot be looked at: {error}")).ok()?;
    let verified = look.passed(&Scope::default());
    Some(Observed { snapshot: look.snapshot, verified, begun })
}
