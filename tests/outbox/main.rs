//! What is kept of messages is listed as it is, and can be taken back, sent anew and delivered; an agent's
//! screen can be looked at, its dialogs answered, and it can be made to forget.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod cancelled;
mod delivered;
mod keys;
mod listed;
mod resets;
mod retried;
mod stage;
