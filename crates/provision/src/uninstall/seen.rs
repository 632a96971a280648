//! What an uninstall finds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use mosaic_systemd::UnitName;

use crate::{Found, Layout, Manifest, ProvisionError, RunFound, other_fleet};

/// Everything that a plan depends on.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What is installed; nothing if nothing is.
    pub manifest: Option<Manifest>,
    /// What is at each path of the manifest, as far as it matters.
    pub entries: BTreeMap<PathBuf, Found>,
    /// The run directory.
    pub run: RunFound,
    /// Our units that run: agents, holder, exporter.
    pub active: BTreeSet<UnitName>,
    /// Our units that start at boot.
    pub enabled: BTreeSet<UnitName>,
    /// There is a user manager.
    pub has_manager: bool,
    /// The other fleet's home that the units are for by now.
    pub other_fleet: Option<String>,
}

impl Seen {
    /// Looks at what the manifest names; what runs and what is enabled others have looked at. Without
    /// a manager nothing of ours runs that it could have started.
    ///
    /// # Errors
    /// Something cannot be read.
    pub fn look(
        layout: &Layout,
        active: Option<BTreeSet<UnitName>>,
        enabled: BTreeSet<UnitName>,
    ) -> Result<Self, ProvisionError> {
        let manifest = Manifest::read(&layout.manifest())?;
        let mut entries = BTreeMap::new();
        for path in manifest.iter().flat_map(|manifest| &manifest.paths) {
            // Programs are no texts, and removed whatever they are.
            let found = if path.starts_with(layout.tools()) {
                if path.exists() { Found::Other } else { Found::Nothing }
            } else if path.starts_with(layout.agents()) {
                Found::look_through(path)?
            } else {
                look_at_whatever_it_is(path)?
            };
            entries.insert(path.clone(), found);
        }
        Ok(Self {
            manifest,
            entries,
            run: RunFound::look(&layout.run())?,
            has_manager: active.is_some(),
            other_fleet: other_fleet(layout)?,
            active: active.unwrap_or_default(),
            enabled,
        })
    }
}

/// Something that is no text has taken the place of a file of ours.
fn look_at_whatever_it_is(path: &std::path::Path) -> Result<Found, ProvisionError> {
    match Found::look(path) {
        Err(ProvisionError::NotText(_)) => Ok(Found::Other),
        found => found,
    }
}
