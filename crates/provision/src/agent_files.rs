//! The files of one agent, and their removal.

use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_systemd::UnitName;

use crate::{Layout, Manifest, ProvisionError, Step};

/// The existing files of one agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentFiles {
    /// The env file.
    pub env_file: Option<PathBuf>,
    /// The generated drop-in of the agent's unit.
    pub drop_in: Option<PathBuf>,
    /// The agent's files in the run directory.
    pub run_files: Vec<PathBuf>,
}

impl AgentFiles {
    /// Finds the files.
    #[must_use]
    pub fn find(layout: &Layout, run_directory: &Path, agent: &AgentName) -> Self {
        let existing = |path: PathBuf| path.symlink_metadata().is_ok().then_some(path);
        // The heartbeat is removed first, so that an interrupted removal leaves no orphaned heartbeat.
        let run_files = ["NAME.hb", ".NAME.hb.new", "NAME.state", ".NAME.state.new", ".NAME.lock"];
        let run_files = run_files.map(|pattern| run_directory.join(pattern.replace("NAME", agent.as_str())));
        Self {
            env_file: existing(layout.env_file(agent)),
            drop_in: existing(layout.drop_in(&UnitName::agent(agent))),
            run_files: run_files.into_iter().filter_map(existing).collect(),
        }
    }

    /// Whether the agent has no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The steps that remove the files. The agent must be stopped and disabled.
    ///
    /// # Errors
    /// The manifest cannot be read.
    pub fn removal(&self, layout: &Layout) -> Result<Vec<Step>, ProvisionError> {
        let files = self.run_files.iter().chain(&self.drop_in).chain(&self.env_file);
        let mut steps: Vec<Step> = files.map(|path| Step::Remove(path.clone())).collect();
        if let Some(drop_in) = &self.drop_in {
            steps.extend(drop_in.parent().map(|directory| Step::RemoveDirectory(directory.to_owned())));
            steps.push(Step::Reload);
        }
        if let Some(mut manifest) = Manifest::read(&layout.manifest())? {
            let before = manifest.paths.len();
            manifest.paths.retain(|path| Some(path) != self.env_file.as_ref() && Some(path) != self.drop_in.as_ref());
            steps.extend((manifest.paths.len() != before).then_some(Step::WriteManifest(manifest)));
        }
        Ok(steps)
    }
}
