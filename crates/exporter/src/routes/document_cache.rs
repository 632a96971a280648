//! The rendered documents of the latest observation, shared by all requests for the same document.
//!
//! A document is rendered once and is in memory once, however many clients request it and however slowly they read.
//! A crowd that requests the page therefore costs as much as one client, and delays no scrape.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::HeaderMap;
use mosaic_metrics::{Format, Selection};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::instruments::{DocumentLabel, Instruments, LimitReached};
use crate::observations::Observation;
use crate::request_options::accepts_gzip;

/// The memory for documents that wait for their readers. It bounds what clients cost that request many different
/// documents and read nothing.
const MAX_KIBIBYTES: usize = 64 * 1024;
/// The length from which compression makes a response faster.
const MIN_COMPRESSED_LENGTH: usize = 1024;

/// What to render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DocumentKind {
    Metrics(Format, Selection),
    Fleet,
    Page,
}

impl DocumentKind {
    fn label(&self) -> DocumentLabel {
        match self {
            Self::Metrics(..) => DocumentLabel::Metrics,
            Self::Fleet => DocumentLabel::Fleet,
            Self::Page => DocumentLabel::Page,
        }
    }
}

/// The documents of the latest observation that are being rendered or read.
#[derive(Debug)]
pub(super) struct DocumentCache {
    latest: Mutex<Option<ObservationDocuments>>,
    memory: Arc<Semaphore>,
    instruments: Arc<Instruments>,
}

#[derive(Debug)]
struct ObservationDocuments {
    observation: Arc<Observation>,
    /// The readers own the documents, so that none stays in memory without a reader.
    documents: Vec<(DocumentKey, Weak<OnceCell<Rendered>>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct DocumentKey {
    kind: DocumentKind,
    compressed: bool,
}

#[derive(Debug)]
struct Rendered {
    bytes: Vec<u8>,
    is_compressed: bool,
    _memory: OwnedSemaphorePermit,
}

/// A document on its way to one reader.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) bytes: Bytes,
    pub(super) is_compressed: bool,
}

impl DocumentCache {
    pub(super) fn new(instruments: Arc<Instruments>) -> Self {
        Self { latest: Mutex::default(), memory: Arc::new(Semaphore::new(MAX_KIBIBYTES)), instruments }
    }

    /// Returns a document of this observation, compressed if the request accepts that. `render` runs unless the
    /// document exists. Returns `None` if there is no memory for the document.
    pub(super) async fn get(
        &self,
        observation: &Arc<Observation>,
        kind: DocumentKind,
        headers: &HeaderMap,
        render: impl FnOnce() -> Option<String> + Send + 'static,
    ) -> Option<Document> {
        let key = DocumentKey { kind, compressed: accepts_gzip(headers) };
        let (label, compressed) = (key.kind.label(), key.compressed);
        let (memory, instruments) = (Arc::clone(&self.memory), Arc::clone(&self.instruments));
        let cell = self.cell(observation, key);
        // The task finishes the document even if the client disconnects, because others may wait for it.
        let task = tokio::spawn(async move {
            let rendered = cell.get_or_try_init(|| async {
                let rendered = spawn_blocking(move || {
                    let started = Instant::now();
                    let rendered = rendered(&render()?, compressed, memory);
                    instruments.record_rendering(label, started.elapsed());
                    if rendered.is_none() {
                        instruments.record_limit(LimitReached::ResponseMemory);
                    }
                    rendered
                });
                rendered.await.ok().flatten().ok_or(())
            });
            let is_compressed = rendered.await.ok()?.is_compressed;
            Some(Document { bytes: Bytes::from_owner(RenderedCell(cell)), is_compressed })
        });
        task.await.ok().flatten()
    }

    /// The cell that all concurrent requests for the same document share.
    fn cell(&self, observation: &Arc<Observation>, key: DocumentKey) -> Arc<OnceCell<Rendered>> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.as_ref().is_none_or(|latest| latest.observation.started < observation.started) {
            *latest = Some(ObservationDocuments { observation: Arc::clone(observation), documents: Vec::new() });
        }
        let cell = Arc::new(OnceCell::new());
        // Documents of an older observation are not shared.
        let Some(latest) = latest.as_mut().filter(|latest| Arc::ptr_eq(&latest.observation, observation)) else {
            return cell;
        };
        latest.documents.retain(|(_, cell)| cell.strong_count() > 0);
        let shared = latest.documents.iter().find(|(other, _)| *other == key).and_then(|(_, cell)| cell.upgrade());
        shared.unwrap_or_else(|| {
            latest.documents.push((key, Arc::downgrade(&cell)));
            cell
        })
    }
}

fn rendered(text: &str, compressed: bool, memory: Arc<Semaphore>) -> Option<Rendered> {
    let is_worth_it = compressed && text.len() >= MIN_COMPRESSED_LENGTH;
    let compressed = is_worth_it.then(|| gzip(text.as_bytes()).ok()).flatten();
    let is_compressed = compressed.is_some();
    // The copy has no spare capacity.
    let bytes = compressed.map_or_else(|| text.as_bytes().to_vec(), |bytes| bytes.as_slice().to_vec());
    let kibibytes = u32::try_from(bytes.len().div_ceil(1024)).ok()?;
    Some(Rendered { bytes, is_compressed, _memory: memory.try_acquire_many_owned(kibibytes).ok()? })
}

fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    // The fastest level reduces an exposition to a twentieth. Higher levels take longer and gain little.
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 16), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

/// Keeps a document in memory while it is read.
struct RenderedCell(Arc<OnceCell<Rendered>>);

impl AsRef<[u8]> for RenderedCell {
    fn as_ref(&self) -> &[u8] {
        self.0.get().map_or(&[], |rendered| &rendered.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::gzip;
    use std::io::Read as _;

    #[test]
    fn compressed_text_is_read_back_unchanged() {
        let text = "mosaic_agent_info{agent=\"coder0\"} 1\n".repeat(1000);
        let mut back = String::new();
        flate2::read::GzDecoder::new(gzip(text.as_bytes()).unwrap().as_slice()).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }
}
