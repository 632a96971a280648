//! `mosaic agent send`: a message arrives complete, once and at the right agent, or the sender learns that it did not.

mod blocked_panes;
mod broadcasts;
mod changing_screens;
mod concurrent_senders;
mod dying_pane;
mod killed_senders;
mod left_texts;
mod pi_load;
mod pi_messages;
mod questions;
mod record_watch;
mod send_usage;
mod sender_identity;
mod senders;
mod shells;
pub(crate) mod site;
mod test_program;
mod waiting_senders;
