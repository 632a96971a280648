//! What an event says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mosaic_probe::snapshot::Snapshot;
use serde::Serialize;

/// The `data` of an event, as the script reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    /// When the fleet was looked at.
    observed_at: String,
    /// The clock of this host, in milliseconds since 1970: ages are counted by it.
    now: i64,
    /// What an element is from now on.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) fragments: BTreeMap<String, String>,
    /// Elements that are no longer there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) removed: Vec<String>,
    /// All elements of the table, one after the other, if that changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) favicon: Option<&'static str>,
    /// What a screen reader says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) announce: Vec<String>,
}

impl Message {
    pub(super) fn new(snapshot: &Snapshot, now: Timestamp) -> Self {
        Self {
            observed_at: snapshot.observed_at.clone(),
            now: now.as_millisecond(),
            fragments: BTreeMap::new(),
            removed: Vec::new(),
            order: None,
            title: None,
            favicon: None,
            announce: Vec::new(),
        }
    }

    /// It says no more than that somebody looked.
    pub(super) fn is_empty(&self) -> bool {
        self.fragments.is_empty() && self.removed.is_empty() && self.order.is_none() && self.title.is_none()
    }

    /// One line: line feeds within texts are escaped by JSON.
    pub(super) fn into_json(self) -> Option<String> {
        serde_json::to_string(&self).ok()
    }
}
