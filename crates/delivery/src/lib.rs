//! Delivers messages to agents by typing them into their panes, and knows whether they arrived.
//!
//! A message is *staged → typed → submitted → accepted*. The parts, from the pane up:
//!
//! * [`protocol`] decides each step from a capture of the pane, purely; [`PaneDriver`] carries the steps out.
//! * [`spool`] stores messages on disk, so that the state of each is known whenever a sender ends.
//! * [`DeliveryService`] delivers stored messages to one recipient at a time.
//! * [`MessageSender`] finds the recipients of a [`SendRequest`] on this host; [`send_to_host`] reaches another host.
//!
//! The command line, and texts for a person's terminal, do not belong here.

mod answer;
mod driver;
mod interrupt;
mod label;
mod left_text;
mod listing;
mod message_sender;
mod outbox_actions;
mod outcome;
mod payload;
pub mod protocol;
mod receipt;
mod remote;
mod reset;
mod send_request;
mod sender;
mod service;
pub mod spool;
mod waiting;

pub use answer::{AnswerOutcome, AnswerRefusal, Answered, ShownDialog};
pub use driver::{DeliveryProgress, PaneDriver};
pub use interrupt::Interrupt;
pub use label::{InvalidLabel, Label, preamble, short_host_name};
pub use listing::{
    ListedMessage, Listing, MessageLookupError, StoredMessage, UnreadableMessage, find_message, is_listed_by_default,
    read_messages,
};
pub use message_sender::{MessageSender, SendError, SenderPaths};
pub use outcome::{Outcome, Refusal, UnconfirmedReason};
pub use payload::{Content, InvalidPayload, Payload};
pub use protocol::{DeliveryOptions, DeliveryTimeouts, LeftText};
pub use receipt::{Receipt, ReceiptSummary, Receipts};
pub use remote::{InvalidRemoteHost, ReceiveError, RemoteError, RemoteHost, receive, send_to_host};
pub use reset::{ConversationReset, KickstartError, ResetError, ResetPlan};
pub use send_request::{Addressees, SendRequest};
pub use sender::{CallingAgent, Sender, SourceClaim, calling_agent, runs_in_pane_of};
pub use service::{DeliveryError, DeliveryService, Message, Recipient};
pub use waiting::orphan_outcome;
