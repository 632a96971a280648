//! Plans the reset of an agent: what is typed to clear its conversation, and its kickstart prompt. Everything is decided
//! before anything is typed.

use mosaic_domain::AgentName;
use mosaic_roster::Roster;

use crate::kickstart::{KickstartError, KickstartValues, render_kickstart};
use crate::{InvalidLabel, InvalidPayload, Label, Message, Payload, Recipient, preamble, short_host_name};

/// What happens to the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationReset {
    /// It is cleared.
    Clear,
    /// It is kept, and another one is started.
    New,
}

/// The messages of a reset.
#[derive(Clone, Debug)]
pub struct ResetPlan {
    /// The command that clears the conversation. Without it, the agent is restarted.
    pub command: Option<Message>,
    /// The kickstart prompt that follows.
    pub kickstart: Option<Message>,
}

/// A reset that cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// The kickstart template is invalid, or does not go with the task.
    #[error("the kickstart_template of {agent} {problem}")]
    Kickstart {
        /// The agent.
        agent: AgentName,
        /// The problem.
        problem: KickstartError,
    },
    /// A task is given, and there is no template that would contain it.
    #[error(
        "{agent} has no kickstart_template in the roster, so --task would have no effect: leave it out, and send the task \
         with 'mosaic agent send {agent}'"
    )]
    NoTemplate {
        /// The agent.
        agent: AgentName,
    },
    /// The label of the sender or the host is invalid.
    #[error(transparent)]
    Label(#[from] InvalidLabel),
    /// A text cannot be a message.
    #[error(transparent)]
    Payload(#[from] InvalidPayload),
}

impl ResetPlan {
    /// Plans the reset of an agent from its roster entry and the profile of its runtime. `source` is the label of the
    /// sender.
    ///
    /// # Errors
    /// The kickstart template is invalid, or does not go with the task.
    pub fn new(
        roster: &Roster,
        to: &Recipient,
        source: &str,
        reset: ConversationReset,
        task: Option<&str>,
    ) -> Result<Self, ResetError> {
        let source: Label = source.parse()?;
        let host: Label = short_host_name().parse()?;
        let settings = roster.agent(to.name.as_str()).map(|agent| roster.settings(agent));
        let template = settings.as_ref().and_then(|settings| settings.kickstart_template.as_deref());
        let class = settings.as_ref().map(|settings| settings.class.to_string()).unwrap_or_default();
        let values = KickstartValues { agent: to.name.as_str(), class: &class, host: host.as_str(), task };
        let failed = |problem| ResetError::Kickstart { agent: to.name.clone(), problem };
        let kickstart = match template {
            Some(template) => Some(render_kickstart(template, values).map_err(failed)?),
            None if task.is_some() => return Err(ResetError::NoTemplate { agent: to.name.clone() }),
            None => None,
        };
        let message = |preamble: String, text: &str| -> Result<Message, ResetError> {
            Ok(Message { source: source.clone(), preamble, payload: Payload::new(text.as_bytes())?, expires: None })
        };
        let command = settings.as_ref().and_then(|settings| settings.reset_command.clone());
        let command = command.or(to.profile.reset.clone().map(|commands| match reset {
            ConversationReset::Clear => commands.clear,
            ConversationReset::New => commands.new,
        }));
        let preamble = preamble(&source, &host, to.name.as_str());
        Ok(Self {
            command: command.map(|command| message(String::new(), &command)).transpose()?,
            kickstart: kickstart.map(|text| message(preamble, &text)).transpose()?,
        })
    }
}
