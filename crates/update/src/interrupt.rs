//! Requests to end the update: SIGINT, SIGTERM and SIGHUP.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::update_error::UpdateError;

/// Counts the signals. The first one ends the update at the next point where nothing is half done; the
/// second one also kills a running updater.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Handles the signals from now on.
    ///
    /// # Errors
    /// The signal handlers cannot be installed.
    pub(crate) fn install() -> Result<Self, UpdateError> {
        let failed = |source: io::Error| UpdateError::io("handle", Path::new("signals"), source);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
        let interrupt = Self::default();
        let count = Arc::clone(&interrupt.0);
        // The thread ends with the process.
        thread::Builder::new()
            .spawn(move || {
                for _ in signals.forever() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
            .map_err(failed)?;
        Ok(interrupt)
    }

    /// Whether a signal has arrived.
    pub(crate) fn is_requested(&self) -> bool {
        self.count() > 0
    }

    /// Whether a second signal has arrived.
    pub(crate) fn is_repeated(&self) -> bool {
        self.count() > 1
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
