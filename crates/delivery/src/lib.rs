//! Gets a message into an agent's pane, and knows whether it arrived.
//!
//! A message is *staged → typed → submitted → accepted*. [`spool`] keeps it, [`protocol`] decides each next step from what is seen, and [`Courier`] does it;
//! [`Post`] puts these together. Whom a message is for, and what a person is told, does not belong here.

mod content;
mod courier;
mod doubt;
mod orphan;
mod outcome;
mod payload;
mod post;
mod post_error;
mod preamble;
mod progress;
pub mod protocol;
mod recipient;
mod refusal;
pub mod spool;

pub use content::Content;
pub use courier::Courier;
pub use doubt::Doubt;
pub use orphan::orphan_outcome;
pub use outcome::Outcome;
pub use payload::{InvalidPayload, Payload};
pub use post::{Message, Post};
pub use post_error::PostError;
pub use preamble::{InvalidLabel, Label, preamble};
pub use progress::Progress;
pub use protocol::{Patience, Request};
pub use recipient::Recipient;
pub use refusal::Refusal;
