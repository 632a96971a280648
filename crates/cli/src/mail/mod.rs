//! Messages to agents, as a person sends them: whom they are for, what was said, and what became of it,
//! here or on another host. How a message gets into a pane is `delivery`'s.

mod addressees;
mod dispatch;
mod kept;
mod kickstart;
mod listing;
mod named_message;
mod office;
mod receipts;
mod remote;
mod remote_error;
mod sender;
mod short_host;
#[cfg(test)]
pub(crate) mod test_outbox;
mod text_source;

pub(crate) use addressees::Addressees;
pub(crate) use dispatch::Dispatch;
pub(crate) use kept::{Kept, Unreadable, kept};
pub(crate) use kickstart::{KickstartError, Placeholders, kickstart};
pub(crate) use listing::{ListedMessage, Listing, is_of_interest};
pub(crate) use named_message::named_message;
pub(crate) use office::{Office, side_by_side};
pub(crate) use receipts::{Receipt, Receipts};
pub(crate) use remote::{RemoteHost, receive, send_to};
pub(crate) use remote_error::RemoteError;
pub(crate) use sender::sender;
pub(crate) use short_host::short_host;
pub(crate) use text_source::TextSource;
