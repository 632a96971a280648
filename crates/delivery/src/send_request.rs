//! A request to send a message. It is JSON on its way to another host.

use std::time::Duration;

use mosaic_domain::AgentName;
use mosaic_roster::{Class, Roster};
use mosaic_tmux::PaneTarget;
use serde::{Deserialize, Serialize};

use crate::protocol::{DeliveryOptions, DeliveryTimeouts};
use crate::sender::shown_source;
use crate::{Label, Payload, RemoteHost, SendError, Sender, preamble};

/// A message, its recipients, and how it is delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are independent options")]
pub struct SendRequest {
    /// The recipients.
    pub to: Addressees,
    /// The text.
    pub text: String,
    /// The label of the sender, which may be a claim.
    pub source: String,
    /// The true sender.
    #[serde(default)]
    pub sender: Option<Sender>,
    /// Whether the label is a claim, which is shown beside the true sender.
    #[serde(default)]
    pub is_claimed: bool,
    /// The label of the recipients' host in the preamble; the default is the short name of that host.
    pub host_label: Option<String>,
    /// Whether the message has a preamble.
    pub preamble: bool,
    /// How many seconds the message may wait for the agent; `None` if it is sent now or not at all.
    pub expires: Option<f64>,
    /// How many seconds to wait for the agent to be ready, and again for it to accept.
    pub wait: Option<f64>,
    /// Whether the message has to appear as a turn.
    pub verify: bool,
    /// Whether Enter may be pressed again if the first one became a line feed.
    #[serde(rename = "rescue")]
    pub retry_enter: bool,
    /// Whether the message is also typed into a program that reads lines and shows no prompt.
    #[serde(default)]
    pub without_prompt: bool,
}

/// How long a message that may wait is tried before it is left in the outbox.
const FIRST_TRY: Duration = Duration::from_millis(1500);

/// How long to wait for a message to appear as a turn. The agent may be working.
const TURN_TIMEOUT: Duration = Duration::from_secs(30);

impl SendRequest {
    /// Returns the options of the delivery.
    #[must_use]
    pub fn delivery_options(&self) -> DeliveryOptions {
        let default = DeliveryTimeouts::default();
        let timeouts = match self.wait {
            Some(seconds) => DeliveryTimeouts::with_wait(Duration::from_secs_f64(seconds)),
            None if self.expires.is_some() => DeliveryTimeouts { ready: FIRST_TRY, ..default },
            None if self.verify => DeliveryTimeouts { accepted: TURN_TIMEOUT, ..default },
            None => default,
        };
        DeliveryOptions {
            only_when_idle: self.expires.is_some(),
            retry_enter: self.retry_enter,
            until_turn: self.verify,
            without_prompt: self.without_prompt,
            looks_once: false,
            timeouts,
        }
    }
}

impl SendRequest {
    /// Returns the text as a pane of a host reads it, which has no `mosaic` that could compose it.
    pub(crate) fn text_for_host(&self, host: &RemoteHost, pane: &PaneTarget) -> Result<Payload, SendError> {
        let payload = Payload::new(self.text.as_bytes())?;
        if !self.preamble {
            return Ok(payload);
        }
        let source: Label = self.source.parse()?;
        let true_label = self.sender.as_ref().map_or(&source, |sender| &sender.label);
        let host: Label = self.host_label.as_deref().unwrap_or(host.name()).parse()?;
        let agent = match pane {
            PaneTarget::InSession { session, .. } => session.clone(),
            PaneTarget::Id(id) => id.to_string(),
        };
        let shown = shown_source(true_label, &source, self.is_claimed);
        Ok(payload.with_quoted_preambles(false).with_preamble(&preamble(&shown, &host, &agent)))
    }
}

/// The recipients of a message, as they were typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Addressees {
    /// The agents of these names.
    Agents(Vec<String>),
    /// All agents of the roster.
    All,
    /// All agents of one class.
    Class(String),
    /// A pane of any tmux server, which need not be in the roster.
    Target {
        /// The name of the server's socket.
        socket: Option<String>,
        /// The pane, as a tmux target.
        target: String,
    },
}

impl Addressees {
    /// Returns the agents in the order of the roster or of the names, each once; none for a target.
    ///
    /// # Errors
    /// A name is invalid or not in the roster, or no agent has the class.
    pub fn agents(&self, roster: &Roster) -> Result<Vec<AgentName>, SendError> {
        let all = || roster.agents.iter();
        match self {
            Self::All => Ok(all().map(|agent| agent.name.clone()).collect()),
            Self::Target { .. } => Ok(Vec::new()),
            Self::Class(class) => {
                let class: Class = class.parse().map_err(|error| SendError::InvalidAddressee(format!("{error}")))?;
                let members: Vec<_> =
                    all().filter(|agent| agent.class == class).map(|agent| agent.name.clone()).collect();
                if members.is_empty() { Err(SendError::EmptyClass { class }) } else { Ok(members) }
            }
            Self::Agents(names) => {
                let mut agents: Vec<AgentName> = Vec::new();
                for name in names {
                    let agent: AgentName =
                        name.parse().map_err(|error| SendError::InvalidAddressee(format!("{error}")))?;
                    if roster.agent(agent.as_str()).is_none() {
                        let nearest =
                            roster.similar_names(agent.as_str()).into_iter().map(ToString::to_string).collect();
                        return Err(SendError::UnknownAgent { name: agent, nearest });
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
