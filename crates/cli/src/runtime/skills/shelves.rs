//! All directories of skills.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Skill, read_shelf};

/// The skills that there are, as they take precedence.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    /// The fleet's: a site's own in front of those that come with it.
    pub(super) fleet: Vec<Skill>,
    /// Those where pi itself looks: the project's in front of the user's, as pi has it.
    pub(super) own: Vec<Skill>,
}

impl Shelves {
    pub(super) fn read(mosaic_home: &Path, here: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let user = set("HOME");
        let agent = match set("PI_CODING_AGENT_DIR") {
            // pi knows what a shell would have made of that.
            Some(given) => match (given.strip_prefix("~"), &user) {
                (Ok(rest), Some(user)) => Some(user.join(rest)),
                _ => Some(here.join(given)),
            },
            None => user.map(|user| user.join(".pi/agent")),
        };
        let of = |roots: &[PathBuf]| roots.iter().flat_map(|root| read_shelf(root)).collect();
        let own = [Some(here.join(".pi")), agent].into_iter().flatten().map(|root| root.join("skills"));
        Self {
            fleet: of(&[mosaic_home.join("skills-local"), mosaic_home.join("skills")]),
            own: of(&own.collect::<Vec<_>>()),
        }
    }
}
