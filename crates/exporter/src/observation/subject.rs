//! Which fleet is looked at.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use mosaic_probe::snapshot::SourceName;
use mosaic_probe::{BadVariable, Places, Target};

/// The fleet of some places, and what of it is not looked at.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    places: Places,
    without: BTreeSet<SourceName>,
}

impl Subject {
    /// The fleet at these places.
    ///
    /// # Errors
    /// A variable of the environment has a value that cannot be used.
    pub(crate) fn new(places: Places, without: BTreeSet<SourceName>) -> Result<Self, BadVariable> {
        // Now, when somebody sees it, and not at the first scrape. The environment stays what it is.
        places.target(variable)?;
        Ok(Self { places, without })
    }

    /// As a look needs it; each source may take `limit`.
    pub(super) fn target(&self, limit: Duration) -> Result<Arc<Target>, BadVariable> {
        let target = self.places.target(variable)?;
        Ok(Arc::new(Target { limit: limit.min(Target::LIMIT), without: self.without.clone(), ..target }))
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}
