//! What is written of a look, for all who ask for the same.
//!
//! However many ask at once, and however slowly they read: a document is written once, and is in memory
//! once. A crowd that asks for the page costs what one of it does, and no scrape has to wait for its turn
//! behind them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use hyper::HeaderMap;
use mosaic_metrics::{Format, Selection};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::compression;
use crate::observation::Observed;

/// So much may wait for its readers. Who reads nothing, and asks for something else each time, fills this
/// and not the memory.
const WAITING_KIBIBYTES: usize = 64 * 1024;

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Metrics(Format, Selection),
    Fleet,
    Page,
}

/// The documents of the newest look that somebody waits for or reads.
#[derive(Debug)]
pub(super) struct Documents {
    newest: Mutex<Option<OfALook>>,
    room: Arc<Semaphore>,
}

#[derive(Debug)]
struct OfALook {
    observed: Arc<Observed>,
    /// Kept by their readers alone: nothing of it is in memory when nobody asks.
    written: Vec<(Wanted, Weak<OnceCell<Written>>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    kind: Kind,
    compressed: bool,
}

#[derive(Debug)]
struct Written {
    bytes: Vec<u8>,
    is_compressed: bool,
    _room: OwnedSemaphorePermit,
}

/// A document, as it goes to one of its readers.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) bytes: Bytes,
    pub(super) is_compressed: bool,
}

impl Default for Documents {
    fn default() -> Self {
        Self { newest: Mutex::default(), room: Arc::new(Semaphore::new(WAITING_KIBIBYTES)) }
    }
}

impl Documents {
    /// One of this look, compressed if that is what these headers take; written now unless it was. None if there is
    /// no room for it.
    pub(super) async fn get(
        &self,
        observed: &Arc<Observed>,
        kind: Kind,
        headers: &HeaderMap,
        write: impl FnOnce() -> Option<String> + Send + 'static,
    ) -> Option<Document> {
        let wanted = Wanted { kind, compressed: compression::is_accepted(headers) };
        let (compressed, room) = (wanted.compressed, Arc::clone(&self.room));
        let cell = self.cell(observed, wanted);
        // It is finished also if who asked first does not wait for it: others may.
        let finishing = tokio::spawn(async move {
            let written = cell.get_or_try_init(|| async {
                let written = spawn_blocking(move || written(&write()?, compressed, room));
                written.await.ok().flatten().ok_or(())
            });
            let is_compressed = written.await.ok()?.is_compressed;
            Some(Document { bytes: Bytes::from_owner(Held(cell)), is_compressed })
        });
        finishing.await.ok().flatten()
    }

    /// Where all put and find it who want the same at the same time.
    fn cell(&self, observed: &Arc<Observed>, wanted: Wanted) -> Arc<OnceCell<Written>> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.as_ref().is_none_or(|newest| newest.observed.begun < observed.begun) {
            *newest = Some(OfALook { observed: Arc::clone(observed), written: Vec::new() });
        }
        let cell = Arc::new(OnceCell::new());
        // Of a look that is not the newest any more nothing is kept.
        let Some(newest) = newest.as_mut().filter(|newest| Arc::ptr_eq(&newest.observed, observed)) else {
            return cell;
        };
        newest.written.retain(|(_, cell)| cell.strong_count() > 0);
        let found = newest.written.iter().find(|(of, _)| *of == wanted).and_then(|(_, cell)| cell.upgrade());
        found.unwrap_or_else(|| {
            newest.written.push((wanted, Arc::downgrade(&cell)));
            cell
        })
    }
}

fn written(text: &str, compressed: bool, room: Arc<Semaphore>) -> Option<Written> {
    let compressed =
        (compressed && compression::is_worth_it(text.len())).then(|| compression::gzip(text.as_bytes()).ok()).flatten();
    let is_compressed = compressed.is_some();
    // Of just its length: what it grew into is given back.
    let bytes = compressed.map_or_else(|| text.as_bytes().to_vec(), |bytes| bytes.as_slice().to_vec());
    let kibibytes = u32::try_from(bytes.len().div_ceil(1024)).ok()?;
    Some(Written { bytes, is_compressed, _room: room.try_acquire_many_owned(kibibytes).ok()? })
}

/// Keeps what is read.
struct Held(Arc<OnceCell<Written>>);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.0.get().map_or(&[], |written| &written.bytes)
    }
}
