//! What a reset will type, decided before anything is typed.

use mosaic_delivery::{Label, Message, Payload, Recipient, preamble};
use mosaic_roster::Roster;

use crate::context::Context;
use crate::error::CommandError;
use crate::mail::{Placeholders, kickstart, sender, short_host};

/// What becomes of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conversation {
    /// It is forgotten.
    Clear,
    /// It is kept, and another one begins.
    New,
}

/// What is typed.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// What makes it forget; without, it is restarted.
    pub(super) command: Option<Message>,
    /// What it is told then.
    pub(super) kickstart: Option<Message>,
}

impl Plan {
    /// Makes it from the roster and the runtime's profile.
    ///
    /// # Errors
    /// The template makes no sense, or does not go with the task.
    pub(super) fn make(
        context: &Context,
        roster: &Roster,
        to: &Recipient,
        which: Conversation,
        task: Option<&str>,
    ) -> Result<Self, CommandError> {
        let label = |text: String| text.parse::<Label>().map_err(|error| CommandError::Usage(error.to_string()));
        let source = label(sender(context))?;
        let host = label(short_host())?;
        let settings = roster.agent(to.name.as_str()).map(|agent| roster.settings(agent));
        let template = settings.as_ref().and_then(|settings| settings.kickstart_template.as_deref());
        let class = settings.as_ref().map(|settings| settings.class.to_string()).unwrap_or_default();
        let values = Placeholders { agent: to.name.as_str(), class: &class, host: host.as_str(), task };
        let problem = |problem| CommandError::Kickstart { agent: to.name.clone(), problem };
        let text = match template {
            Some(template) => Some(kickstart(template, values).map_err(problem)?),
            None if task.is_some() => {
                let agent = &to.name;
                return Err(CommandError::Usage(format!(
                    "{agent} has no kickstart_template in the roster, so --task would not be told: leave it out, and send it with 'mosaic agent send {agent}'"
                )));
            }
            None => None,
        };
        let message = |preamble: String, text: &str| -> Result<Message, CommandError> {
            Ok(Message { source: source.clone(), preamble, payload: Payload::new(text.as_bytes())?, expires: None })
        };
        let command = settings.as_ref().and_then(|settings| settings.reset_command.clone());
        let command = command.or(to.profile.reset.clone().map(|reset| match which {
            Conversation::Clear => reset.clear,
            Conversation::New => reset.new,
        }));
        let preamble = preamble(&source, &host, to.name.as_str());
        Ok(Self {
            command: command.map(|command| message(String::new(), &command)).transpose()?,
            kickstart: text.map(|text| message(preamble, &text)).transpose()?,
        })
    }
}
