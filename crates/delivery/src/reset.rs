//! Plans the reset of an agent: what is typed to clear its conversation, and its kickstart prompt. Everything is decided
//! before anything is typed.

use mosaic_domain::AgentName;
use mosaic_roster::Roster;

use crate::sender::shown_source;
use crate::{
    InvalidLabel, InvalidPayload, Label, Message, Payload, Recipient, Sender, SourceClaim, preamble, short_host_name,
};

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
    /// Plans the reset of an agent from its roster entry and the profile of its runtime. `claim` is the label under which
    /// `sender` resets it.
    ///
    /// # Errors
    /// The kickstart template is invalid, or does not go with the task.
    pub fn new(
        roster: &Roster,
        to: &Recipient,
        (sender, claim): (&Sender, &SourceClaim),
        reset: ConversationReset,
        task: Option<&str>,
    ) -> Result<Self, ResetError> {
        let source: Label = claim.label.parse()?;
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
            let payload = Payload::new(text.as_bytes())?.with_quoted_preambles(false);
            Ok(Message { source: source.clone(), sender: Some(sender.clone()), preamble, payload, expires: None })
        };
        let command = settings.as_ref().and_then(|settings| settings.reset_command.clone());
        let command = command.or(to.profile.reset.clone().map(|commands| match reset {
            ConversationReset::Clear => commands.clear,
            ConversationReset::New => commands.new,
        }));
        let shown = shown_source(&sender.label, &source, claim.is_claimed);
        let preamble = if to.profile.preamble { preamble(&shown, &host, to.name.as_str()) } else { String::new() };
        Ok(Self {
            command: command.map(|command| message(String::new(), &command)).transpose()?,
            kickstart: kickstart.map(|text| message(preamble, &text)).transpose()?,
        })
    }
}

/// The values of the placeholders in a template.
#[derive(Clone, Copy, Debug)]
struct KickstartValues<'a> {
    /// The value of `{agent}`: the agent's name.
    pub agent: &'a str,
    /// The value of `{class}`: the agent's class.
    pub class: &'a str,
    /// The value of `{host}`: the short name of its host.
    pub host: &'a str,
    /// The value of `{task}`.
    pub task: Option<&'a str>,
}

/// A template that cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KickstartError {
    /// The name of a placeholder is unknown.
    #[error("has an unknown placeholder {{{}}}: expected {{agent}}, {{class}}, {{host}} or {{task}}; write literal braces as {{{{ and }}}}", .0.escape_debug())]
    Unknown(String),
    /// A brace has no counterpart.
    #[error("has an unmatched '{0}': write literal braces as {{{{ and }}}}")]
    Unpaired(char),
    /// The template needs a task.
    #[error("has a placeholder {{task}}: give the task with --task TEXT")]
    NoTask,
    /// The template has no place for the task.
    #[error(
        "has no placeholder {{task}}, so --task would have no effect: leave it out, and send the task with 'mosaic agent send'"
    )]
    UnusedTask,
}

/// Returns the text of the template with its placeholders replaced.
///
/// # Errors
/// The template is invalid, or does not go with the task.
fn render_kickstart(template: &str, values: KickstartValues<'_>) -> Result<String, KickstartError> {
    let mut text = String::with_capacity(template.len());
    let mut has_task = false;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = rest.as_bytes()[at] as char;
        let behind = &rest[at + 1..];
        if let Some(behind) = behind.strip_prefix(brace) {
            text.push(brace);
            rest = behind;
            continue;
        }
        let inner = (brace == '{').then(|| behind.find(['{', '}'])).flatten();
        let Some(end) = inner.filter(|end| behind[*end..].starts_with('}')) else {
            return Err(KickstartError::Unpaired(brace));
        };
        text.push_str(match &behind[..end] {
            "agent" => values.agent,
            "class" => values.class,
            "host" => values.host,
            "task" => {
                has_task = true;
                values.task.ok_or(KickstartError::NoTask)?
            }
            other => return Err(KickstartError::Unknown(other.to_owned())),
        });
        rest = &behind[end + 1..];
    }
    text.push_str(rest);
    if values.task.is_some() && !has_task { Err(KickstartError::UnusedTask) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::{KickstartError, KickstartValues, render_kickstart};

    const VALUES: KickstartValues<'static> =
        KickstartValues { agent: "coder0", class: "implementer", host: "build1", task: None };

    #[test]
    fn placeholders_are_replaced_once_and_doubled_braces_are_literal() {
        let table = [
            ("", ""),
            ("plain", "plain"),
            ("{agent} ({class}) on {host}", "coder0 (implementer) on build1"),
            ("{{agent}} }}{{ {{{host}}}", "{agent} }{ {build1}"),
            ("{agent}{agent}", "coder0coder0"),
            ("über {host}, ja", "über build1, ja"),
        ];
        for (template, expected) in table {
            assert_eq!(render_kickstart(template, VALUES).as_deref(), Ok(expected), "{template}");
        }
        // Values are not searched for placeholders.
        let with_task = KickstartValues { task: Some("fix {host} }"), ..VALUES };
        assert_eq!(render_kickstart("do: {task}", with_task).as_deref(), Ok("do: fix {host} }"));
    }

    #[test]
    fn an_invalid_template_is_refused() {
        let unknown = |name: &str| KickstartError::Unknown(name.to_owned());
        let table = [
            ("{who}", unknown("who")),
            ("{}", unknown("")),
            ("{ agent }", unknown(" agent ")),
            ("{Agent}", unknown("Agent")),
            ("a { b", KickstartError::Unpaired('{')),
            ("a } b", KickstartError::Unpaired('}')),
            ("{a {agent}", KickstartError::Unpaired('{')),
            ("{agent", KickstartError::Unpaired('{')),
            ("{task}", KickstartError::NoTask),
        ];
        for (template, expected) in table {
            assert_eq!(render_kickstart(template, VALUES), Err(expected), "{template}");
        }
        let with_task = KickstartValues { task: Some("x"), ..VALUES };
        assert_eq!(render_kickstart("{agent}", with_task), Err(KickstartError::UnusedTask));
    }

    #[test]
    fn an_error_names_the_placeholder_and_the_expected_ones() {
        let error = render_kickstart("{who}", VALUES).unwrap_err();
        assert!(error.to_string().contains("unknown placeholder {who}: expected {agent}, {class}, {host} or {task};"));
    }
}
