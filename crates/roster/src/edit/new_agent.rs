//! An agent that is to be added.

use mosaic_domain::{AgentName, RuntimeName};

use crate::Class;

/// An agent that is to be added: what a command line can say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAgent {
    /// Its name.
    pub name: AgentName,
    /// The program it is; `None` for the roster's default.
    pub runtime: Option<RuntimeName>,
    /// Its role.
    pub class: Class,
    /// Where it starts.
    pub working_directory: Option<String>,
    /// What runs it.
    pub command: Option<String>,
    /// Which model it should use.
    pub model_hint: Option<String>,
}

impl NewAgent {
    /// An agent of which nothing else is said.
    #[must_use]
    pub fn new(name: AgentName, class: Class) -> Self {
        Self { name, runtime: None, class, working_directory: None, command: None, model_hint: None }
    }
}
