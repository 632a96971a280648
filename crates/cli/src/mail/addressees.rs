//! Whom a message is for.

use mosaic_domain::{AgentName, SocketName};
use mosaic_roster::{Class, Roster};
use serde::{Deserialize, Serialize};

use crate::error::CommandError;

/// As it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Addressees {
    /// These agents.
    Agents(Vec<String>),
    /// All of the roster.
    All,
    /// All of one class.
    Class(String),
    /// A pane of whatever tmux server, which no roster has to know.
    Target {
        /// The server's socket.
        socket: Option<String>,
        /// The pane, as tmux would have it.
        target: String,
    },
}

impl Addressees {
    /// The agents of the roster that are meant, in its order, each once; none for a target.
    ///
    /// # Errors
    /// One of them is not in the roster, or there are none of that class.
    pub(crate) fn agents(&self, roster: &Roster) -> Result<Vec<AgentName>, CommandError> {
        let all = || roster.agents.iter();
        match self {
            Self::All => Ok(all().map(|agent| agent.name.clone()).collect()),
            Self::Target { .. } => Ok(Vec::new()),
            Self::Class(class) => {
                let class: Class = class.parse().map_err(|error| CommandError::Usage(format!("{error}")))?;
                let named: Vec<_> =
                    all().filter(|agent| agent.class == class).map(|agent| agent.name.clone()).collect();
                if named.is_empty() {
                    let text = format!(
                        "no agent of the roster has the class '{class}'; 'mosaic agent roster' shows their classes"
                    );
                    return Err(CommandError::Usage(text));
                }
                Ok(named)
            }
            Self::Agents(names) => {
                let mut agents: Vec<AgentName> = Vec::new();
                for name in names {
                    let agent: AgentName = name.parse().map_err(|error| CommandError::Usage(format!("{error}")))?;
                    if roster.agent(agent.as_str()).is_none() {
                        let nearest = roster.similar_names(agent.as_str()).into_iter().map(ToString::to_string).collect();
                        return Err(CommandError::UnknownAgent { name: agent, nearest });
                    }
                    if !agents.contains(&agent) {
                        agents.push(agent);
                    }
                }
                Ok(agents)
            }
        }
    }
}

/// The socket that a target is on.
///
/// # Errors
/// It is no name of a socket.
pub(super) fn socket(given: Option<&str>) -> Result<SocketName, CommandError> {
    given.map_or(Ok(SocketName::default()), |given| {
        given.parse().map_err(|error| CommandError::Usage(format!("{error}")))
    })
}
