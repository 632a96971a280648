//! Which build of the program answers.

use crate::encoder::Encoder;
use crate::family::Family;

const BUILD_INFO: &Family = Family::named("mosaic_build_info");

/// A build of the program that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// Its version.
    pub version: &'static str,
    /// The revision of its source, `unknown` if the build was not told.
    pub revision: &'static str,
}

impl Build {
    pub(crate) fn write(self, encoder: &mut Encoder<'_>) {
        encoder.family(BUILD_INFO).line().label("version", self.version).label("revision", self.revision).value(true);
    }
}
