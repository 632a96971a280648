//! The messages of the outbox, as a person and a program are told.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_delivery::spool::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::named_message::shortest_name;
use super::{Kept, short_host};

/// What `mosaic agent outbox --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing {
    /// The version of this format; 1. Fields are only ever added.
    pub(crate) schema: u32,
    /// The host on which the agents are.
    pub(crate) host: String,
    /// The messages, oldest first.
    pub(crate) messages: Vec<ListedMessage>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedMessage {
    /// Its id.
    pub(crate) id: String,
    /// Whom it is for.
    pub(crate) agent: String,
    /// How far it has come: staged, waiting, typing, typed, submitted, accepted, queued (by the agent's
    /// program), unconfirmed, refused, expired, cancelled.
    pub(crate) state: State,
    /// Why not further, for programs.
    pub(crate) code: Option<String>,
    /// Why not further.
    pub(crate) reason: Option<String>,
    /// Whom it is from.
    pub(crate) source: String,
    /// When it was made, in RFC 3339.
    pub(crate) created: String,
    /// Since when it has come that far, in RFC 3339.
    pub(crate) since: String,
    /// Until when it is good, if it may wait, in RFC 3339.
    pub(crate) expires: Option<String>,
    /// The text that is typed, preamble and all.
    pub(crate) text: String,
    /// The file that its text is in, where the agent is only told to read it.
    pub(crate) file: Option<String>,
    /// What a person types for it.
    #[serde(skip)]
    pub(crate) name: String,
}

/// For so long is shown without being asked for what arrived, or is not wanted any more.
const RECENT: Duration = Duration::from_hours(1);

impl Listing {
    /// The version of the format.
    pub(crate) const SCHEMA: u32 = 1;

    /// Of the messages of `kept` that are `wanted`.
    pub(crate) fn of(kept: &[Kept], wanted: impl Fn(&Kept) -> bool) -> Self {
        let listed = kept.iter().filter(|message| wanted(message));
        let messages = listed.map(|message| ListedMessage::of(message, shortest_name(kept, &message.now.id))).collect();
        Self { schema: Self::SCHEMA, host: short_host(), messages }
    }
}

impl ListedMessage {
    fn of(message: &Kept, name: String) -> Self {
        let record = &message.now;
        Self {
            id: record.id.to_string(),
            agent: record.agent.clone(),
            state: record.state,
            code: record.code.clone(),
            reason: record.reason.clone(),
            source: record.source.to_string(),
            created: record.created.to_string(),
            since: record.since.to_string(),
            expires: record.expires.map(|expires| expires.to_string()),
            text: record.text.as_str().to_owned(),
            file: record.file.as_ref().map(|file| file.display().to_string()),
            name,
        }
    }
}

/// Is it one that somebody may want to do something about, or a recent one?
pub(crate) fn is_of_interest(message: &Kept, now: Timestamp) -> bool {
    match message.now.state {
        State::Accepted | State::Queued | State::Cancelled => message.now.since >= now - RECENT,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, is_of_interest};
    use crate::mail::test_outbox::TestOutbox;
    use jiff::Timestamp;
    use mosaic_delivery::spool::State;
    use std::time::Duration;

    #[test]
    fn what_arrived_long_ago_is_not_shown_unasked() {
        let outbox = TestOutbox::new();
        let long_ago = Duration::from_hours(2);
        for (nth, state) in (0..).zip(State::ALL) {
            outbox.put_aged("coder0", nth, state, long_ago);
            outbox.put("coder0", 100 + nth, state);
        }
        let kept = outbox.kept();
        let now = Timestamp::now();
        let shown = Listing::of(&kept, |message| is_of_interest(message, now));
        assert_eq!(kept.len(), 2 * State::ALL.len());
        assert_eq!(shown.messages.len(), kept.len() - 3);
        assert!(Listing::of(&kept, |_| true).messages.is_sorted_by_key(|message| message.created.clone()));
    }

    #[test]
    fn what_was_under_way_when_its_carrier_ended_is_shown_as_what_is_true_of_it() {
        let outbox = TestOutbox::new();
        outbox.put("coder0", 1, State::Staged);
        outbox.put("coder0", 2, State::Typing);
        let listing = Listing::of(&outbox.kept(), |_| true);
        let told: Vec<_> = listing.messages.iter().map(|message| (message.state, message.code.as_deref())).collect();
        assert_eq!(told, [(State::Refused, Some("sender-ended")), (State::Unconfirmed, Some("sender-ended"))]);
    }
}
