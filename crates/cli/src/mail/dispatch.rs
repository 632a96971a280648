//! A message with all that was said about its delivery; on its way to another host it is JSON.

use std::time::Duration;

use mosaic_delivery::{Patience, Request};
use serde::{Deserialize, Serialize};

use super::Addressees;

/// What is to be sent, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dispatch {
    /// Whom it is for.
    pub(crate) to: Addressees,
    /// What it says.
    pub(crate) text: String,
    /// Whom it is from.
    pub(crate) source: String,
    /// What the preamble calls the agent's host; `None` is that host's own short name.
    pub(crate) host_label: Option<String>,
    /// Is the preamble written?
    pub(crate) preamble: bool,
    /// May it wait for the agent, and for how many seconds?
    pub(crate) expires: Option<f64>,
    /// For how many seconds is waited?
    pub(crate) wait: Option<f64>,
    /// Is it to be seen as a turn?
    pub(crate) verify: bool,
    /// May Enter be pressed again?
    pub(crate) rescue: bool,
}

/// For how long a message that may wait is tried before it is left to wait.
const FIRST_TRY: Duration = Duration::from_millis(1500);

/// How long a turn is waited for, if it is to be seen: an agent may be at work.
const VERIFIED: Duration = Duration::from_secs(30);

impl Dispatch {
    /// What is asked of the delivery.
    pub(crate) fn request(&self) -> Request {
        let patience = match self.wait {
            Some(seconds) => Patience::waiting(Duration::from_secs_f64(seconds)),
            None if self.expires.is_some() => Patience { ready: FIRST_TRY, ..Patience::usual() },
            None if self.verify => Patience { accepted: VERIFIED, ..Patience::usual() },
            None => Patience::usual(),
        };
        Request { only_when_idle: self.expires.is_some(), rescue: self.rescue, until_turn: self.verify, patience }
    }
}
