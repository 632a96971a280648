use std::path::{Path, PathBuf};

/// Where everything of one fleet is.
#[derive(Clone, Debug)]
pub(crate) struct FleetPaths {
    pub(crate) root: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) mosaic_home: PathBuf,
    pub(crate) tmux: PathBuf,
    pub(crate) runtime: PathBuf,
    pub(crate) run: PathBuf,
}

impl FleetPaths {
    pub(crate) fn new(root: &Path, run: Option<PathBuf>) -> Self {
        let home = root.join("home");
        let mosaic_home = home.join(".config/mosaic");
        Self {
            root: root.to_owned(),
            tmux: root.join("tmux"),
            runtime: root.join("run"),
            run: run.unwrap_or_else(|| mosaic_home.join("fleet/run")),
            home,
            mosaic_home,
        }
    }

    pub(crate) fn pane_socket(&self) -> PathBuf {
        self.root.join("panes")
    }
}
