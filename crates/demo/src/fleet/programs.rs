//! Where the programs are that the demo shows.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::DemoError;

/// The product's programs and this one.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    directory: PathBuf,
    demo: PathBuf,
}

impl Programs {
    const PRODUCT: [&str; 3] = ["start-agent-session", "agent-sidecar", "agent-pane"];

    /// Looks in `MOSAIC_FLEET_BIN_DIR`, else beside this program.
    pub(crate) fn find() -> Result<Self, DemoError> {
        let demo = env::current_exe().map_err(DemoError::io("find out where this program is"))?;
        let given = env::var_os("MOSAIC_FLEET_BIN_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
        let directory = given.unwrap_or_else(|| demo.parent().unwrap_or(Path::new("/")).to_owned());
        let directory = std::path::absolute(&directory).map_err(DemoError::io("find the working directory"))?;
        match Self::PRODUCT.map(|name| directory.join(name)).into_iter().find(|program| !program.is_file()) {
            Some(missing) => Err(DemoError::Program(missing)),
            None => Ok(Self { directory, demo }),
        }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn demo(&self) -> &Path {
        &self.demo
    }
}
