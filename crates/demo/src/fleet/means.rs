//! By which means agents are started here.

use std::os::unix::process::CommandExt;
use std::process::Command;

use mosaic_domain::AgentName;

use super::manager::Manager;
use super::units::Units;
use super::{Environment, Home, Job};
use crate::error::DemoError;

/// How the demo starts an agent.
#[derive(Debug)]
pub(crate) enum Means {
    /// By a unit; the manager starts it again when it dies.
    Manager(Manager),
    /// By the launcher itself, because there is no manager.
    Direct {
        /// Why not.
        why: String,
    },
}

impl Means {
    /// A manager, where one answers.
    pub(crate) fn find() -> Self {
        match Manager::find() {
            Ok(manager) => Self::Manager(manager),
            Err(why) => Self::Direct { why },
        }
    }

    /// Does somebody start again what died?
    pub(crate) fn restarts(&self) -> bool {
        matches!(self, Self::Manager(_))
    }

    /// Makes ready what the first start needs.
    pub(crate) fn prepare(&self, home: &Home, environment: &Environment) -> Result<(), DemoError> {
        match self {
            Self::Manager(manager) => {
                environment.write().map_err(DemoError::io("write the agents' env files"))?;
                Units::new(home, manager).install()
            }
            Self::Direct { .. } => Ok(()),
        }
    }

    /// Begins to start an agent.
    pub(crate) fn start(&self, agent: &AgentName, home: &Home, environment: &Environment) -> Result<Job, DemoError> {
        let mut command = match self {
            Self::Manager(_) => Manager::start(&Units::of(agent.as_str())),
            Self::Direct { .. } => {
                let mut command = Command::new(home.bin().join("start-agent-session"));
                command.arg(agent.as_str()).process_group(0);
                command.envs(environment.of_the_fleet()).envs(environment.of(agent.as_str()));
                command
            }
        };
        let said = home.path().join(format!("start-{agent}.txt"));
        Job::begin(agent.clone(), &mut command, said).map_err(DemoError::io(format!("start {agent}")))
    }

    /// What else there is to say of a start that failed.
    pub(crate) fn explain(&self, agent: &AgentName) -> String {
        match self {
            Self::Manager(_) => Manager::status(&Units::of(agent.as_str())),
            Self::Direct { .. } => String::new(),
        }
    }
}
