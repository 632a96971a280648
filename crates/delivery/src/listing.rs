//! The messages in the outbox: their current states, how a person names them, and their listing.

use std::time::Duration;

use jiff::Timestamp;
use mosaic_domain::AgentName;
use schemars::JsonSchema;
use serde::Serialize;

use crate::spool::{Entry, InvalidMessageId, MessageId, Outbox, Record, SpoolError, State};
use crate::{DeliveryError, orphan_outcome, short_host_name};

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredMessage {
    /// The agent in whose outbox the message is.
    pub agent: AgentName,
    /// The file of the message.
    pub entry: Entry,
    /// The current state. It differs from the file if the process that delivered the message has ended.
    pub current: Record,
}

/// A file in the outbox that is not a message, or cannot be read.
#[derive(Debug)]
pub struct UnreadableMessage {
    /// The agent in whose outbox the file is.
    pub agent: AgentName,
    /// The error.
    pub error: SpoolError,
}

/// A name that does not name one message.
#[derive(Debug, thiserror::Error)]
pub enum MessageLookupError {
    /// The name is neither an id nor the last four digits of one.
    #[error(transparent)]
    Invalid(#[from] InvalidMessageId),
    /// There is no such message.
    #[error("there is no message {0}: 'mosaic agent outbox --all' lists the messages")]
    NotFound(String),
    /// Several ids end with these digits.
    #[error("{name} matches {} messages; give the whole id:{}", .matches.len(), .matches.concat())]
    Ambiguous {
        /// The digits.
        name: String,
        /// A line for each of the messages.
        matches: Vec<String>,
    },
}

/// Reads the messages to these agents, the oldest first, and the files that are not messages.
///
/// # Errors
/// A directory or `/proc` cannot be read.
pub fn read_messages(
    outbox: &Outbox,
    agents: &[AgentName],
) -> Result<(Vec<StoredMessage>, Vec<UnreadableMessage>), DeliveryError> {
    let (mut messages, mut unreadable) = (Vec::new(), Vec::new());
    for agent in agents {
        for read in outbox.messages(agent)? {
            match read {
                Ok(entry) => {
                    let current = current_record(&entry.record)?;
                    messages.push(StoredMessage { agent: agent.clone(), entry, current });
                }
                Err(error) => unreadable.push(UnreadableMessage { agent: agent.clone(), error }),
            }
        }
    }
    messages.sort_by(|one: &StoredMessage, other| one.current.id.cmp(&other.current.id));
    Ok((messages, unreadable))
}

fn current_record(record: &Record) -> Result<Record, DeliveryError> {
    let mut current = record.clone();
    if let Some(outcome) = orphan_outcome(record)? {
        current.settle(&outcome, record.since);
    }
    Ok(current)
}

/// Finds the message that a person names by its id, or by the last four digits of the id.
///
/// # Errors
/// There is no such message, or there are several.
pub fn find_message<'a>(messages: &'a [StoredMessage], typed: &str) -> Result<&'a StoredMessage, MessageLookupError> {
    let name = typed.to_ascii_lowercase();
    let is_short = name.len() == 4 && name.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_short {
        name.parse::<MessageId>().map(drop)?;
    }
    let matches: Vec<&StoredMessage> = messages.iter().filter(|message| message.current.id.matches(&name)).collect();
    match matches.as_slice() {
        [one] => Ok(one),
        [] => Err(MessageLookupError::NotFound(typed.to_owned())),
        several => {
            let line = |message: &&StoredMessage| {
                format!("\n  {}  to {}, {}", message.current.id, message.agent, message.current.state)
            };
            let matches = several.iter().map(line).collect();
            Err(MessageLookupError::Ambiguous { name: typed.to_owned(), matches })
        }
    }
}

/// Returns the shortest name of a message: the last four digits of its id, or the whole id if they are ambiguous.
fn shortest_name(messages: &[StoredMessage], id: &MessageId) -> String {
    let alike = messages.iter().filter(|message| message.current.id.short() == id.short()).count();
    if alike > 1 { id.to_string() } else { id.short().to_owned() }
}

/// What `mosaic agent outbox --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// The version of this format: 1. Fields are only ever added.
    pub schema: u32,
    /// The host of the agents.
    pub host: String,
    /// The messages, the oldest first.
    pub messages: Vec<ListedMessage>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedMessage {
    /// The id.
    pub id: String,
    /// The recipient.
    pub agent: String,
    /// The state: staged, waiting, typing, typed, submitted, accepted, queued (by the agent's
    /// program), unconfirmed, refused, expired, cancelled.
    pub state: State,
    /// The machine-readable reason of the state.
    pub code: Option<String>,
    /// The reason of the state.
    pub reason: Option<String>,
    /// The label of the sender, which may be a claim.
    pub source: String,
    /// The true sender, if it is known: the host and the agent, or `operator` for a process outside all agents' panes.
    pub sender: Option<String>,
    /// When the message was created, in RFC 3339.
    pub created: String,
    /// When the message entered the state, in RFC 3339.
    pub since: String,
    /// When the message expires, if it may wait, in RFC 3339.
    pub expires: Option<String>,
    /// The text that is typed, including the preamble.
    pub text: String,
    /// The file with the message, if the agent is only asked to read it.
    pub file: Option<String>,
    /// The shortest unambiguous name of the message.
    #[serde(skip)]
    pub name: String,
    /// The sender as the preamble shows it: a claimed label stands beside the true one.
    #[serde(skip)]
    pub from: String,
}

/// How long messages that arrived or were canceled are listed by default.
const RECENT: Duration = Duration::from_hours(1);

impl Listing {
    /// The version of the format.
    pub const SCHEMA: u32 = 1;

    /// Lists the messages that match `filter`. The names are unambiguous among all messages.
    pub fn new(messages: &[StoredMessage], filter: impl Fn(&StoredMessage) -> bool) -> Self {
        let listed = messages.iter().filter(|message| filter(message));
        let listed = listed.map(|message| ListedMessage::new(message, shortest_name(messages, &message.current.id)));
        Self { schema: Self::SCHEMA, host: short_host_name(), messages: listed.collect() }
    }
}

impl ListedMessage {
    fn new(message: &StoredMessage, name: String) -> Self {
        let record = &message.current;
        Self {
            id: record.id.to_string(),
            agent: record.agent.clone(),
            state: record.state,
            code: record.code.clone(),
            reason: record.reason.clone(),
            source: record.source.to_string(),
            sender: record.sender.as_ref().map(|sender| sender.label.to_string()),
            created: record.created.to_string(),
            since: record.since.to_string(),
            expires: record.expires.map(|expires| expires.to_string()),
            text: record.text.as_str().to_owned(),
            file: record.file.as_ref().map(|file| file.display().to_string()),
            name,
            from: record.shown_source(),
        }
    }
}

/// Returns whether a message is listed by default: one that may need attention, or a recent one.
#[must_use]
pub fn is_listed_by_default(message: &StoredMessage, now: Timestamp) -> bool {
    match message.current.state {
        State::Accepted | State::Queued | State::Cancelled => message.current.since >= now - RECENT,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, StoredMessage, find_message, is_listed_by_default, read_messages, shortest_name};
    use crate::Payload;
    use crate::spool::{MessageId, Outbox, Record, State};
    use jiff::Timestamp;
    use mosaic_domain::{AgentName, MosaicHome};
    use std::time::Duration;
    use tempfile::TempDir;

    #[derive(Debug)]
    struct TestOutbox {
        _home: TempDir,
        outbox: Outbox,
    }

    impl TestOutbox {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let place = MosaicHome::from_environment(|_| Some(home.path().into())).unwrap();
            Self { outbox: Outbox::new(&place), _home: home }
        }

        /// Stores a message in this state, created now.
        fn put(&self, agent: &str, random: u16, state: State) -> MessageId {
            self.put_aged(agent, random, state, Duration::ZERO)
        }

        /// Stores a message in this state, created that long ago. It has no owner.
        fn put_aged(&self, agent: &str, random: u16, state: State, age: Duration) -> MessageId {
            let made = Timestamp::now() - age;
            let id = MessageId::new(made, random);
            let record = Record {
                schema: Record::SCHEMA,
                id: id.clone(),
                agent: agent.to_owned(),
                source: "host:operator".parse().unwrap(),
                sender: None,
                preamble: String::new(),
                created: made,
                expires: None,
                text: Payload::new(b"[host:operator -> host:coder0] please rebase\nand push").unwrap(),
                file: None,
                state,
                since: made,
                code: None,
                reason: None,
                entered: false,
                owner: None,
            };
            self.outbox.stage(&agent.parse::<AgentName>().unwrap(), record).unwrap();
            id
        }

        fn messages(&self) -> Vec<StoredMessage> {
            read_messages(&self.outbox, &self.outbox.agents().unwrap()).unwrap().0
        }
    }

    #[test]
    fn messages_that_arrived_long_ago_are_not_listed_by_default() {
        let outbox = TestOutbox::new();
        let long_ago = Duration::from_hours(2);
        for (nth, state) in (0..).zip(State::ALL) {
            outbox.put_aged("coder0", nth, state, long_ago);
            outbox.put("coder0", 100 + nth, state);
        }
        let messages = outbox.messages();
        let now = Timestamp::now();
        let shown = Listing::new(&messages, |message| is_listed_by_default(message, now));
        assert_eq!(messages.len(), 2 * State::ALL.len());
        assert_eq!(shown.messages.len(), messages.len() - 3);
        assert!(Listing::new(&messages, |_| true).messages.is_sorted_by_key(|message| message.created.clone()));
    }

    #[test]
    fn a_message_whose_owner_has_ended_is_listed_in_its_current_state() {
        let outbox = TestOutbox::new();
        outbox.put("coder0", 1, State::Staged);
        outbox.put("coder0", 2, State::Typing);
        let listing = Listing::new(&outbox.messages(), |_| true);
        let states: Vec<_> = listing.messages.iter().map(|message| (message.state, message.code.as_deref())).collect();
        assert_eq!(states, [(State::Refused, Some("sender-ended")), (State::Unconfirmed, Some("sender-ended"))]);
    }

    #[test]
    fn four_digits_name_a_message_if_no_other_has_them() {
        let outbox = TestOutbox::new();
        let one = outbox.put("coder0", 0x1f0c, State::Waiting);
        let other = outbox.put("coder1", 0x1f0d, State::Accepted);
        let messages = outbox.messages();
        for typed in ["1f0c", "1F0C", one.as_str()] {
            assert_eq!(find_message(&messages, typed).unwrap().current.id, one, "{typed}");
        }
        assert_eq!(find_message(&messages, "1f0d").unwrap().current.id, other);
        assert_eq!(shortest_name(&messages, &one), "1f0c");
        for (wrong, expected) in [
            ("0000", "no message 0000"),
            ("1f0", "not a message id"),
            ("", "not a message id"),
            ("coder0", "not a message id"),
        ] {
            let error = find_message(&messages, wrong).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("mosaic agent outbox"), "{wrong}: {error}");
        }
    }

    #[test]
    fn ambiguous_digits_are_reported_with_all_matching_messages() {
        let outbox = TestOutbox::new();
        let ids = [outbox.put("coder0", 7, State::Waiting), outbox.put("coder1", 7, State::Refused)];
        let messages = outbox.messages();
        let error = find_message(&messages, "0007").unwrap_err().to_string();
        for id in &ids {
            assert!(error.contains(id.as_str()), "{error}");
            assert_eq!(&find_message(&messages, id.as_str()).unwrap().current.id, id);
            assert_eq!(shortest_name(&messages, id), id.as_str());
        }
    }
}
