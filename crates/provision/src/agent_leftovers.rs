//! What is on the disk of one agent, besides its line in the roster.

use std::path::{Path, PathBuf};

use mosaic_domain::AgentName;
use mosaic_systemd::UnitName;

use crate::{Layout, Manifest, ProvisionError, Step};

/// The files of one agent that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentLeftovers {
    /// Its env file.
    pub env_file: Option<PathBuf>,
    /// The drop-in of its unit that we wrote.
    pub drop_in: Option<PathBuf>,
    /// Its files in the run directory.
    pub run_files: Vec<PathBuf>,
}

impl AgentLeftovers {
    /// Looks for them.
    #[must_use]
    pub fn look(layout: &Layout, run_directory: &Path, agent: &AgentName) -> Self {
        let there = |path: PathBuf| path.symlink_metadata().is_ok().then_some(path);
        // The heartbeat goes first: without it nobody reports the rest.
        let run_files = ["NAME.hb", ".NAME.hb.new", "NAME.state", ".NAME.state.new", ".NAME.lock"];
        let run_files = run_files.map(|pattern| run_directory.join(pattern.replace("NAME", agent.as_str())));
        Self {
            env_file: there(layout.env_file(agent)),
            drop_in: there(layout.drop_in(&UnitName::agent(agent))),
            run_files: run_files.into_iter().filter_map(there).collect(),
        }
    }

    /// Is there nothing?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The steps that remove all of it, once the agent has stopped and is disabled.
    ///
    /// # Errors
    /// What says what is installed cannot be read.
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
            steps.extend((manifest.paths.len() != before).then_some(Step::Record(manifest)));
        }
        Ok(steps)
    }
}
