//! Ctrl-C, and other wishes that this may end.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::CommandError;

/// Counts them: whoever asks once is answered at the next place where nothing is left half done.
#[derive(Clone, Debug, Default)]
pub(super) struct Interruption(Arc<AtomicUsize>);

impl Interruption {
    /// Listens from now on.
    ///
    /// # Errors
    /// Signals cannot be heard.
    pub(super) fn listen() -> Result<Self, CommandError> {
        let failed = |source: io::Error| CommandError::io("use", Path::new("signals"), source);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
        let interruption = Self::default();
        let count = Arc::clone(&interruption.0);
        // It ends with the process.
        thread::Builder::new()
            .spawn(move || {
                for _ in signals.forever() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
            .map_err(failed)?;
        Ok(interruption)
    }

    /// Was it asked for?
    pub(super) fn is_wanted(&self) -> bool {
        self.times() > 0
    }

    /// And again?
    pub(super) fn is_insisted_on(&self) -> bool {
        self.times() > 1
    }

    fn times(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
