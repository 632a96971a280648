//! What a person is told of an agent that needs one: pure.

use crate::snapshot::{ActivitySource, AgentSnapshot, Attention, WaitingFor};

/// Why an agent needs a person, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plea {
    /// Why.
    pub why: String,
    /// What to do.
    pub to_do: String,
}

/// The plea of an agent that runs and needs a person; what to do about one that is down is told with its drift.
#[must_use]
pub fn plea(agent: &AgentSnapshot) -> Option<Plea> {
    let name = &agent.name;
    let activity = agent.activity.as_ref().filter(|_| agent.managed)?;
    let why = activity.reason.clone().unwrap_or_else(|| "it does not say why".to_owned());
    let (why, to_do) = match (agent.attention()?, activity.waiting_for, activity.source) {
        (Attention::Down, ..) => return None,
        (Attention::Waiting, Some(WaitingFor::Login), _) => (why, format!("log it in: mosaic agent attach {name}")),
        (Attention::Waiting, Some(WaitingFor::UsageLimit), _) => {
            (why, format!("wait, or give it another account or model: mosaic agent attach {name}"))
        }
        (Attention::Waiting, _, ActivitySource::Screen) => {
            (why, format!("mosaic agent screen {name} shows it, mosaic agent key {name} answers it"))
        }
        (Attention::Waiting, _, ActivitySource::Report) => (why, format!("answer it: mosaic agent attach {name}")),
        (Attention::Blocked, ..) => (why, format!("mosaic agent screen {name}")),
        (Attention::Silent, ..) => (
            "it says that it works, and prints nothing".to_owned(),
            format!("see whether it hangs: mosaic agent screen {name}"),
        ),
    };
    Some(Plea { why, to_do })
}
